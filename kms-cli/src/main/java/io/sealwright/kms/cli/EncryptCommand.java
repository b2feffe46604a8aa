package io.sealwright.kms.cli;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.EncryptionOptions;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms encrypt}. */
@picocli.CommandLine.Command(
        name = "encrypt",
        description = "Encrypts a file: a.txt becomes a.txt.sealed beside it; - is standard input to standard output.",
        sortOptions = false)
final class EncryptCommand extends Command {
    /** Up to here a message has one piece; above, the library would make chunks of it in any case. */
    private static final int ONE_PIECE_BYTES = 1 << 16;

    @Parameters(paramLabel = "IN", description = "File to encrypt, or - for standard input.")
    private String input = "";

    @Mixin
    private final OutputOption output = new OutputOption();

    @Mixin
    final Recipients recipients = new Recipients();

    @Mixin
    private final BindingOptions bindings = new BindingOptions();

    @Option(names = "--level", paramLabel = "L", description = "Security level, number or name; default 1 STANDARD.")
    private @Nullable String level;

    @Option(names = "--suite", paramLabel = "S", description = "Suite, number or name; default 1 AES_256_GCM.")
    private @Nullable String suite;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Option(names = "--force", description = "Replace OUT if it is there.")
    private boolean force;

    @Option(names = "--passphrase-file", hidden = true, arity = "0..1", fallbackValue = "")
    private @Nullable String passphraseFile;

    @Override
    public Integer call() {
        refuse("--passphrase-file", passphraseFile);
        List<Recipients.Choice> chosen = recipients.inOrder();
        chosen.stream().filter(choice -> !choice.masterKey()).forEach(choice -> Names.key(choice.name()));
        SecurityLevel wantedLevel = level == null ? null : Names.level("--level", level);
        Suite wantedSuite = suite == null ? null : Names.suite(suite);
        EncryptionContext bound = bindings.context();
        byte[] data = bindings.associatedData();
        if (wantedLevel == SecurityLevel.NONE && (!chosen.isEmpty() || wantedSuite != null || data != null)) {
            throw Failure.usage(
                    "--level NONE takes no -k, -m, -a and no --suite.",
                    "It leaves the content readable and proves nothing, so that none of them would have any effect.",
                    "Leave them out, or leave --level out to encrypt.");
        }
        Home home = store.home(here());
        try (Source source = Source.open(here(), input);
                Target target = target(source);
                KeyManager kms = new FirstUse(home).sealing(chosen)) {
            if (chosen.isEmpty() || chosen.stream().anyMatch(choice -> !choice.masterKey())) {
                Overdue.catchUp(here(), kms);
            }
            Work.between(source, target, () -> {
                byte[] head = source.read(ONE_PIECE_BYTES + 1);
                try {
                    OutputStream out = target.open();
                    if (head.length <= ONE_PIECE_BYTES && wantedSuite != Suite.CHUNKED_AES_256_GCM) {
                        out.write(options(kms.encrypt(head), chosen, wantedLevel, wantedSuite, bound, data)
                                .toBytes());
                    } else {
                        options(
                                        kms.encrypt(source.stream(head)),
                                        chosen,
                                        wantedLevel,
                                        ofStream(wantedSuite),
                                        bound,
                                        data)
                                .to(out);
                    }
                } finally {
                    Arrays.fill(head, (byte) 0);
                }
            });
            target.finish(source.file());
        }
        return 0;
    }

    private Target target(Source source) {
        Target named = output.named(here(), source, force);
        if (named != null) {
            return named;
        }
        if (source.file() == null) {
            return OutputOption.pipe(here());
        }
        if (!source.isRegularFile()) {
            throw Failure.usage(
                    "'" + source.name() + "' needs -o.",
                    "It is a device or pipe, so no file belongs beside it.",
                    "Give a file with -o, or - for standard output.");
        }
        return Target.file(here(), input + ".sealed", source, force);
    }

    // Chunks have keys of their own, drawn at random for each message, so that either suite's promise holds.
    private static @Nullable Suite ofStream(@Nullable Suite wanted) {
        return wanted == Suite.AES_256_GCM || wanted == Suite.XAES_256_GCM ? null : wanted;
    }

    private static <T extends EncryptionOptions<T>> T options(
            T options,
            List<Recipients.Choice> recipients,
            @Nullable SecurityLevel level,
            @Nullable Suite suite,
            EncryptionContext context,
            byte @Nullable [] associatedData) {
        if (recipients.isEmpty() && level != SecurityLevel.NONE) {
            options.key(FirstUse.DEFAULT_KEY);
        }
        for (Recipients.Choice recipient : recipients) {
            if (recipient.masterKey()) {
                options.masterKey(recipient.name());
            } else {
                options.key(recipient.name());
            }
        }
        if (level != null) {
            options.level(level);
        }
        if (suite != null) {
            options.suite(suite);
        }
        if (associatedData != null) {
            options.associatedData(associatedData);
        }
        return options.context(context);
    }
}
