package io.sealwright.kms.cli;

import io.sealwright.kms.NamedKey;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code kms key destroy}. */
@picocli.CommandLine.Command(
        name = "destroy",
        description = "Erases a key or version after a waiting period, in which it neither encrypts nor opens;"
                + " what was encrypted under it is lost then.",
        sortOptions = false)
final class KeyDestroyCommand extends KeyChangeCommand {
    private static final Duration SHORTEST = Duration.ofDays(1);
    private static final Duration LONGEST = Duration.ofDays(365);

    @Option(names = "--after", paramLabel = "P30D", description = "Wait so long; P1D to P365D, default P30D.")
    private @Nullable String after;

    @Option(names = "--now", description = "At once; only together with --yes.")
    private boolean now;

    private Duration wait = NamedKey.DEFAULT_DESTROY_WAIT;

    @Override
    void check() {
        if (now && after != null) {
            throw Failure.usage(
                    "--now and --after contradict each other.",
                    "A key is destroyed at once, or after a waiting period.",
                    "Give one of them.");
        }
        if (now && !yes) {
            throw Failure.usage(
                    "A key is destroyed at once only with --now --yes.",
                    "What was encrypted under it will be lost for good.",
                    "Add --yes if that is meant.");
        }
        if (after != null) {
            wait = Names.duration("--after", after, SHORTEST, LONGEST);
        }
    }

    @Override
    String verb() {
        return "Destroy";
    }

    @Override
    String consequence() {
        return now
                ? "What was encrypted under it is lost for good."
                : "From now on it neither encrypts nor opens, and in " + wait.toDays()
                        + " days what was encrypted under it is lost for good.";
    }

    @Override
    void whole(NamedKey key) {
        if (now) {
            key.destroyNow();
        } else {
            key.destroyAfter(wait);
        }
    }

    @Override
    void version(NamedKey key, int number) {
        if (now) {
            key.destroyNow(number);
        } else {
            key.destroyAfter(number, wait);
        }
    }
}
