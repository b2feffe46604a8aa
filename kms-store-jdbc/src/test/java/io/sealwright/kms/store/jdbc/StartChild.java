package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.NamedKeyStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Opens a store when it is told to, puts its own name there as the store key unless one is there, and says which is. */
final class StartChild {
    private StartChild() {}

    /** Arguments: folder of the embedded default, or a URL; the child's name. */
    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        if (System.in.read() != '\n') {
            throw new IOException("not told to go");
        }
        boolean home = !arguments[0].startsWith("jdbc:");
        try (NamedKeyStore store = home
                ? new SqliteStoreProvider().open(Path.of(arguments[0])).orElseThrow()
                : StoreKind.open(arguments[0])) {
            byte[] there = store.initialise(arguments[1].getBytes(StandardCharsets.UTF_8));
            System.out.println("key " + new String(there, StandardCharsets.UTF_8));
        }
    }
}
