package io.sealwright.kms.cli;

import io.sealwright.kms.DecryptionTransfer;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms decrypt}. */
@picocli.CommandLine.Command(
        name = "decrypt",
        description = "Opens a message: a.txt.sealed becomes a.txt, mode 0600; - is standard input to standard output.",
        sortOptions = false)
final class DecryptCommand extends Command {
    private static final String ENDING = ".sealed";

    @Parameters(paramLabel = "IN", description = "Message to open, or - for standard input.")
    private String input = "";

    @Mixin
    private final OutputOption output = new OutputOption();

    @Mixin
    private final OpeningOptions opening = new OpeningOptions();

    @Mixin
    private final BindingOptions bindings = new BindingOptions();

    @Option(
            names = "--require-level",
            paramLabel = "L",
            description = "Accept this security level only, number or name; several may be named. Default: 1 to 4.")
    private List<String> levels = new ArrayList<>();

    @Option(names = "--allow-compromised", description = "Open under a key that is marked compromised, too.")
    private boolean allowCompromised;

    @Option(names = "--allow-unencrypted", description = "Accept a message of level 0, which proves nothing.")
    private boolean allowUnencrypted;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Option(names = "--force", description = "Replace OUT if it is there.")
    private boolean force;

    @Override
    public Integer call() {
        opening.check();
        SecurityLevel[] required = levels.stream().map(DecryptCommand::required).toArray(SecurityLevel[]::new);
        EncryptionContext bound = bindings.context();
        byte[] data = bindings.associatedData();
        String file = outputName();
        Home home = store.home(here());
        Managers managers = new Managers(home);
        try (Source source = Source.open(here(), input);
                Target target =
                        file == null ? Target.standardOutput(here()) : Target.file(here(), file, source, force);
                KeyManager kms = managers.opening(opening.masterKeys())) {
            try {
                Work.between(source, target, () -> {
                    DecryptionTransfer opening =
                            kms.decrypt(source.remembering()).context(bound);
                    if (data != null) {
                        opening.associatedData(data);
                    }
                    if (required.length > 0) {
                        opening.requireLevel(required);
                    }
                    if (allowCompromised) {
                        opening.allowCompromised();
                    }
                    if (allowUnencrypted) {
                        opening.allowUnencrypted();
                    }
                    opening.to(guarded(target));
                });
            } catch (KmsException | Failure e) {
                RuntimeException told = managers.withoutStore(source.name(), e);
                throw told instanceof Explained ? told : explained(e, home, source, target);
            }
            target.finish(null);
            managers.tellOfStore();
        }
        return 0;
    }

    private static SecurityLevel required(String text) {
        SecurityLevel level = Names.level("--require-level", text);
        if (level == SecurityLevel.NONE) {
            throw Failure.usage(
                    "--require-level does not take " + level + ".",
                    "A message of level 0 proves nothing.",
                    "To open one all the same, say --allow-unencrypted.");
        }
        if (level == SecurityLevel.LEGACY) {
            throw Failure.usage(
                    "--require-level does not take " + level + ".",
                    "Messages of that level are in other formats, which this command does not open.",
                    "Name a level from 1 to 4.");
        }
        return level;
    }

    /** The file to write, or null for standard output. */
    private @Nullable String outputName() {
        if (output.isGiven()) {
            return output.file();
        }
        if (input.equals("-")) {
            return null;
        }
        java.nio.file.Path name = Failure.path(input).getFileName();
        if (name == null || !name.toString().endsWith(ENDING) || name.toString().length() == ENDING.length()) {
            throw Failure.usage(
                    "'" + input + "' needs -o.",
                    "Its name does not end in '" + ENDING + "', so the plaintext has no name.",
                    "Give a file with -o, or - for standard output.");
        }
        return input.substring(0, input.length() - ENDING.length());
    }

    private OutputStream guarded(Target target) {
        boolean person = target.isStandardOutput()
                && !output.isGiven()
                && here().terminals().out();
        return person ? new TerminalGuard(target.open()) : target.open();
    }

    private static RuntimeException explained(RuntimeException e, Home home, Source source, Target target) {
        String rest = target.isWrittenInPlace() && target.written() > 0
                ? " The " + target.written() + " bytes already written to " + target.name() + " must be thrown away."
                : "";
        if (e instanceof AuthenticationFailedException failed) {
            return new Explained(
                    failed.code(),
                    "'" + source.name() + "' does not open.",
                    "Its encryption context (-c) or associated data (-a) is not what was given, or the message or a key"
                            + " was changed, cut or extended; which of these cannot be told.",
                    "Give exactly the context and associated data it was made with. " + contextOf(source)
                            + (home.isEmpty() ? " " + nothingMade(home) : "") + rest,
                    e);
        }
        if (e instanceof NoMatchingRecipientException failed && home.isEmpty()) {
            return new Explained(
                    failed.code(),
                    failed.what(),
                    nothingMade(home),
                    "Set KMS_HOME to the home of its keys, or name a master key with -m." + rest,
                    e);
        }
        if (e instanceof KmsException failed && !rest.isEmpty()) {
            return new Explained(failed.code(), failed.what(), failed.why(), failed.remedy() + rest, e);
        }
        return e;
    }

    private static String nothingMade(Home home) {
        return "Nothing made yet: there is no key file at " + home.keyFile() + ".";
    }

    private static String contextOf(Source source) {
        try {
            List<String> names = KeyManager.inspect(source.head()).context().pairs().keySet().stream()
                    .map(name -> "'" + name + "'")
                    .collect(Collectors.toList());
            return "The header (not verified) names "
                    + (names.isEmpty() ? "no context." : "the context " + String.join(", ", names) + ".");
        } catch (KmsException | IllegalArgumentException e) {
            return "The header cannot be read.";
        }
    }
}
