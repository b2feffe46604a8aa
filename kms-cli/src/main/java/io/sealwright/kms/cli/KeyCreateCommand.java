package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms key create}. */
@picocli.CommandLine.Command(
        name = "create",
        description = "Makes a named key; the first use makes key file and store.",
        sortOptions = false)
final class KeyCreateCommand extends Command {
    @Parameters(paramLabel = "NAME", description = "Letters, digits, dots, underscores, hyphens; at most 128.")
    private String name = "";

    @Option(
            names = "--spec",
            paramLabel = "S",
            defaultValue = "AES_256",
            description = "AES_256 (default), HMAC_SHA256, HMAC_SHA384 or HMAC_SHA512.")
    private String spec = "";

    @Option(names = "--active-from", paramLabel = "T", description = "Seals from this time on, in ISO 8601.")
    private @Nullable String activeFrom;

    @Option(
            names = "--rotate-every",
            paramLabel = "P90D",
            description = "Rotate it by itself so often; PT1H to P3650D.")
    private @Nullable String rotateEvery;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        Names.key(name);
        KeySpec wanted = Names.spec(spec);
        Instant from = activeFrom == null ? null : Names.time("--active-from", activeFrom);
        Duration every = rotateEvery == null ? null : Names.rotation(rotateEvery);
        try (KeyManager kms = new FirstUse(store.home(here())).making()) {
            NamedKey key = kms.keys().create(name, wanted, new KeyOptions(from, every));
            print("created " + KeyTexts.sentence(key));
            Overdue.catchUp(here(), kms);
        }
        return 0;
    }
}
