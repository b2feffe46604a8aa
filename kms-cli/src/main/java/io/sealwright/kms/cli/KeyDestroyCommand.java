package io.sealwright.kms.cli;

import io.sealwright.kms.NamedKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code kms key destroy}. */
@picocli.CommandLine.Command(
        name = "destroy",
        description = "Erases a key or version at once; what was encrypted under it is lost.",
        sortOptions = false)
final class KeyDestroyCommand extends KeyChangeCommand {
    @Option(names = "--now", description = "At once; together with --yes the only way in this release.")
    private boolean now;

    @Option(names = "--after", hidden = true, arity = "0..1", fallbackValue = "")
    private @Nullable String after;

    @Override
    void check() {
        refuse("--after", after);
        if (!now) {
            throw Failure.laterRelease("a waiting period for 'key destroy'; it destroys with --now --yes only");
        }
        if (!yes) {
            throw Failure.usage(
                    "A key is destroyed at once only with --now --yes.",
                    "What was encrypted under it will be lost for good.",
                    "Add --yes if that is meant.");
        }
    }

    @Override
    String verb() {
        return "Destroy";
    }

    @Override
    String consequence() {
        return "What was encrypted under it is lost for good.";
    }

    @Override
    void whole(NamedKey key) {
        key.destroyNow();
    }

    @Override
    void version(NamedKey key, int number) {
        key.destroyNow(number);
    }
}
