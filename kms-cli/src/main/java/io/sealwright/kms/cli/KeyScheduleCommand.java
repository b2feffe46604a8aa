package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.NamedKey;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** {@code kms key schedule}. */
@picocli.CommandLine.Command(
        name = "schedule",
        description = "Has a key rotated by itself from now on, or not any more.",
        sortOptions = false)
final class KeyScheduleCommand extends OneKeyCommand {
    /** One of the two. */
    static final class Choice {
        @Option(names = "--rotate-every", paramLabel = "P90D", description = "Rotate it so often; PT1H to P3650D.")
        private @Nullable String rotateEvery;

        @Option(names = "--off", description = "Rotate it only when told to.")
        @SuppressWarnings("UnusedVariable") // picocli sees that it is one of the two
        private boolean off;
    }

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Choice choice = new Choice();

    @Override
    public Integer call() {
        Duration period = choice.rotateEvery == null ? null : Names.rotation(choice.rotateEvery);
        try (KeyManager kms = existing()) {
            NamedKey key = kms.keys().get(name());
            key.rotateEvery(period);
            Overdue.catchUp(here(), kms);
            print(KeyTexts.sentence(key));
        }
        return 0;
    }
}
