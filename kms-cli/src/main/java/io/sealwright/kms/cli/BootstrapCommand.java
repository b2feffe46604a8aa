package io.sealwright.kms.cli;

import io.sealwright.kms.Health;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.spi.MasterKeyUri;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kms master-key bootstrap}. */
@picocli.CommandLine.Command(
        name = "bootstrap",
        description = "Verifies that the master key is there and works; with --create, makes it if it is not.",
        sortOptions = false)
class BootstrapCommand extends Command {
    @Option(names = "--create", description = "Make it if it is not there; the default one with its store.")
    private boolean create;

    @Option(
            names = {"-m", "--master-key"},
            paramLabel = "URI",
            description = "This master key instead of the one that commands use, as local://second.")
    private @Nullable String masterKey;

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
        String uri = masterKey == null
                ? home.masterKey()
                : MasterKeyUri.parse(masterKey).toString();
        boolean ofStore = uri.equals(home.masterKey());
        if (ofStore && !home.hasKeyFile()) {
            home.demandKeyOfStore();
            if (!create) {
                throw new KeyNotFoundException(
                        "There is no master key " + uri + ".",
                        "The key file " + home.keyFile() + " is not there.",
                        "Make it with: kms master-key bootstrap --create");
            }
        }
        // The default key comes with its store, as at the first encrypt.
        boolean withStore = create && uri.equals(Home.DEFAULT_MASTER_KEY) && ofStore;
        FirstUse first = new FirstUse(home);
        boolean made = create && (withStore ? !home.hasKeyFile() : first.makeIfMissing(uri));
        try (KeyManager kms = withStore ? first.making() : new Managers(home).only(uri)) {
            Health health = kms.health();
            HealthCommand.demandHealthy(health);
            for (Health.Part part : health.parts()) {
                if (part.name().equals(uri)) {
                    print("master key " + uri + ": " + Printable.text(HealthCommand.detail(part))
                            + (create && !made ? "; it was there already, nothing was made" : "") + "\n");
                }
            }
        }
        return 0;
    }
}
