package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.NamedKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What changes the state of a key or of one version. */
abstract class KeyChangeCommand extends OneKeyCommand {
    @Option(names = "--version", paramLabel = "N", description = "Only this version; default: the whole key.")
    private @Nullable Integer version;

    @Option(names = "--yes", description = "Do not ask.")
    boolean yes;

    abstract String verb();

    abstract String consequence();

    abstract void whole(NamedKey key);

    abstract void version(NamedKey key, int number);

    void check() {}

    @Override
    public final Integer call() {
        check();
        String name = name();
        Integer number = Names.version(name, version);
        if (number == null && !yes) {
            Confirmation.demandTerminal(
                    here(),
                    "The whole key '" + name + "' is changed only with --yes.",
                    "Add --yes, or name one version with --version N.");
        }
        try (KeyManager kms = existing()) {
            NamedKey key = kms.keys().get(name);
            if (number == null) {
                if (!yes) {
                    Confirmation.ask(
                            here(),
                            verb() + " key '" + name + "' with all its "
                                    + key.versions().size() + " versions? " + consequence());
                }
                whole(key);
            } else {
                version(key, number);
            }
            print(KeyTexts.sentence(key));
            Overdue.catchUp(here(), kms);
        }
        return 0;
    }
}
