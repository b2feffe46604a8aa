package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.testbed.TestPostgres;
import io.sealwright.kms.testkit.store.NamedKeyStoreContract;

/** PostgreSQL by its URL, opened twice. */
class PostgresContractTest extends NamedKeyStoreContract {
    private String url = "";

    @Override
    protected NamedKeyStore fresh() throws Exception {
        url = TestPostgres.shared().freshSchema();
        return JdbcKeyStore.of(StoreAddress.of(url));
    }

    @Override
    protected NamedKeyStore again(NamedKeyStore store) {
        return JdbcKeyStore.of(StoreAddress.of(url));
    }
}
