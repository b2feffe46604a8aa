package io.sealwright.kms.cli;

import io.sealwright.kms.Health;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.KeyNotFoundException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kms master-key bootstrap}. */
@picocli.CommandLine.Command(
        name = "bootstrap",
        description = "Verifies that the master key is there and works; with --create, makes it if it is not.",
        sortOptions = false)
class BootstrapCommand extends Command {
    @Option(names = "--create", description = "Make key file and store if they are not there.")
    private boolean create;

    @Mixin
    private final StoreOption store = new StoreOption();

    /** The name that scripts of older systems call. */
    @picocli.CommandLine.Command(
            name = "bootstrap_master_key",
            description = "The same as: master-key bootstrap",
            sortOptions = false)
    static final class Alias extends BootstrapCommand {}

    @Override
    public final Integer call() {
        Home home = store.home(here());
        if (!create && !home.hasKeyFile()) {
            home.demandKeyFileOfStore();
            throw new KeyNotFoundException(
                    "There is no master key " + Home.DEFAULT_MASTER_KEY + ".",
                    "The key file " + home.keyFile() + " is not there.",
                    "Make it with: kms master-key bootstrap --create");
        }
        try (KeyManager kms = create ? home.making() : home.masterKeyOnly()) {
            HealthCommand.demandHealthy(kms.health());
            for (Health.Part part : kms.health().parts()) {
                if (part.name().equals(Home.DEFAULT_MASTER_KEY)) {
                    print("master key " + Home.DEFAULT_MASTER_KEY + ": " + Printable.text(HealthCommand.detail(part))
                            + "\n");
                }
            }
        }
        return 0;
    }
}
