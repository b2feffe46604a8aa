package io.sealwright.kms.store.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.testbed.TestPostgres;
import io.sealwright.kms.testkit.store.NamedKeyStoreContract;
import org.junit.jupiter.api.AfterEach;

/** PostgreSQL through a pool of connections that do not commit by themselves, and by its URL. */
class PostgresDataSourceContractTest extends NamedKeyStoreContract {
    private String url = "";
    private HikariDataSource pool;

    @Override
    protected NamedKeyStore fresh() throws Exception {
        url = TestPostgres.shared().freshSchema();
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(4);
        config.setAutoCommit(false);
        pool = new HikariDataSource(config);
        return JdbcKeyStore.of(pool);
    }

    @Override
    protected NamedKeyStore again(NamedKeyStore store) {
        return JdbcKeyStore.of(StoreAddress.of(url));
    }

    @AfterEach
    void closePool() {
        pool.close();
    }
}
