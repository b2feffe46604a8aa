package io.sealwright.kms.cli;

import io.sealwright.kms.cli.doctor.Shell;
import java.nio.file.Path;
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

    /**
     * What to add to a command line so that it is about the store of this one: nothing if none was named. Of a server's URL
     * that has more than host and database only that it is wanted, since what else is in it may be secret.
     */
    String forCommands(Home home) {
        if (store == null) {
            return "";
        }
        Path file = home.storeFile();
        String shown = file == null ? home.store() : "jdbc:sqlite:" + file;
        return " --store " + (file != null || shown.equals(store) ? Shell.uri(shown) : "URL");
    }
}
