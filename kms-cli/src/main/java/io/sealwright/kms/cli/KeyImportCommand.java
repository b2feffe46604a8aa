package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.SecretBytes;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms key import}. */
@picocli.CommandLine.Command(
        name = "import",
        description = "Puts an exported key into the store, with its versions, ids, states and dates.",
        sortOptions = false)
final class KeyImportCommand extends OneKeyCommand {
    /** More than the longest export has. */
    private static final int MOST_BYTES = 16 << 20;

    @Parameters(index = "1", paramLabel = "FILE", description = "The export, or - for standard input.")
    private String input = "";

    @Mixin
    private final OpeningOptions opening = new OpeningOptions();

    @Option(names = "--in-clear", description = "FILE holds the bare bytes of one version.")
    private boolean inClear;

    @Option(
            names = "--spec",
            paramLabel = "S",
            description = "With --in-clear: AES_256 (default), HMAC_SHA256, HMAC_SHA384 or HMAC_SHA512.")
    private @Nullable String spec;

    @Override
    public Integer call() {
        String name = name();
        List<String> masterKeys = opening.masterKeys();
        if (inClear ? !masterKeys.isEmpty() || opening.hasPassphrase() : spec != null) {
            throw Failure.usage(
                    inClear ? "--in-clear takes no -m and no --passphrase-file." : "--spec needs --in-clear.",
                    inClear ? "Bare bytes are wrapped by nothing." : "An export says of what spec it is.",
                    "Leave it out.");
        }
        KeySpec wanted = spec == null ? KeySpec.AES_256 : Names.spec(spec);
        try (Source source = Source.open(here(), input);
                KeyManager kms = new Managers(home()).importing(masterKeys, opening.passphrase(here()))) {
            NamedKey key =
                    inClear ? bare(kms, name, wanted, source) : kms.keys().importKey(name, source.read(MOST_BYTES));
            print("imported " + KeyTexts.sentence(key));
        }
        return 0;
    }

    private static NamedKey bare(KeyManager kms, String name, KeySpec spec, Source source) {
        byte[] bytes = source.read(spec.materialBytes() + 1);
        try (SecretBytes material = SecretBytes.copyOf(bytes)) {
            if (bytes.length != spec.materialBytes()) {
                throw new Failure(
                        Failure.Code.KMS_CLI_INPUT,
                        "'" + source.name() + "' is no key of spec " + spec + ".",
                        "Such a key has " + spec.materialBytes() + " bytes, and the file has "
                                + (bytes.length > spec.materialBytes() ? "more" : bytes.length) + ".",
                        "Give the bare bytes, neither in hexadecimal nor with a line's end, or another --spec.");
            }
            return kms.keys().importInClear(name, spec, material);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }
}
