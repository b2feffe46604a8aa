package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.store.NamedKeyStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** A SQLite file, opened twice. */
class SqliteFileContractTest extends NamedKeyStoreContract {
    @TempDir
    Path folder;

    @Override
    protected NamedKeyStore fresh() {
        return JdbcKeyStore.sqlite(folder.resolve("store.db"));
    }

    @Override
    protected NamedKeyStore again(NamedKeyStore store) {
        return JdbcKeyStore.sqlite(folder.resolve("store.db"));
    }
}
