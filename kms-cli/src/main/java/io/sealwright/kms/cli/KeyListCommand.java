package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.NamedKey;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kms key list}. */
@picocli.CommandLine.Command(name = "list", description = "Lists all named keys.", sortOptions = false)
final class KeyListCommand extends Command {
    @Option(names = "--json", description = "Write JSON.")
    private boolean json;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        Home home = store.home(here());
        home.demandKeyOfStore();
        home.demandNamedStore();
        if (!home.hasStore() || home.isEmpty()) {
            print(json ? "{\"keys\":[]}\n" : "");
            return 0;
        }
        try (KeyManager kms = new Managers(home).existing()) {
            List<NamedKey> keys = kms.keys().list();
            if (json) {
                print(Json.object(all -> all.putObjects("keys", keys, KeyTexts::describe)) + "\n");
            } else {
                StringBuilder lines = new StringBuilder();
                keys.forEach(key -> lines.append(KeyTexts.line(key)));
                print(lines.toString());
            }
        }
        return 0;
    }
}
