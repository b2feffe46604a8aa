package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What acts on one named key that is there. */
abstract class OneKeyCommand extends Command {
    @Parameters(paramLabel = "NAME", description = "The key's name.")
    private String name = "";

    @Mixin
    private final StoreOption store = new StoreOption();

    /** The name, which is checked. */
    final String name() {
        return Names.key(name);
    }

    final Home home() {
        return store.home(here());
    }

    /** A manager on the store, which must be there. */
    final KeyManager existing() {
        name();
        return new Managers(home()).existing();
    }
}
