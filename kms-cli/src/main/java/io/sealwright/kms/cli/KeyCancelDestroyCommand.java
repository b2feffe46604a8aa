package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.NamedKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code kms key cancel-destroy}. */
@picocli.CommandLine.Command(
        name = "cancel-destroy",
        description = "Takes back the destruction of a key or version that still waits; it opens again.",
        sortOptions = false)
final class KeyCancelDestroyCommand extends OneKeyCommand {
    @Option(names = "--version", paramLabel = "N", description = "Only this version; default: all that wait.")
    private @Nullable Integer version;

    @Override
    public Integer call() {
        Integer number = Names.version(name(), version);
        try (KeyManager kms = existing()) {
            NamedKey key = kms.keys().get(name());
            if (number == null) {
                key.cancelDestroy();
            } else {
                key.cancelDestroy(number);
            }
            print(KeyTexts.sentence(key));
            Overdue.catchUp(here(), kms);
        }
        return 0;
    }
}
