package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.store.NamedKeyStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteDataSource;

/** A data source of SQLite, and the same file opened by path. */
class SqliteDataSourceContractTest extends NamedKeyStoreContract {
    @TempDir
    Path folder;

    @Override
    protected NamedKeyStore fresh() {
        SQLiteDataSource dataSource = new SQLiteDataSource();
        dataSource.setUrl("jdbc:sqlite:" + folder.resolve("app.db"));
        return JdbcKeyStore.of(dataSource);
    }

    @Override
    protected NamedKeyStore again(NamedKeyStore store) {
        return JdbcKeyStore.sqlite(folder.resolve("app.db"));
    }
}
