package io.sealwright.kms.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option of all commands that use named keys. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "URL",
            description = "Store of named keys, as jdbc:sqlite:PATH or jdbc:postgresql://HOST/DATABASE.")
    private @Nullable String store;

    /** The home, with the store that was named. */
    Home home(Surroundings here) {
        return Home.of(here, store);
    }
}
