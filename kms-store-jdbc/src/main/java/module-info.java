import io.sealwright.kms.spi.EmbeddedStoreProvider;
import io.sealwright.kms.spi.StoreProvider;
import io.sealwright.kms.store.jdbc.JdbcStoreProvider;
import io.sealwright.kms.store.jdbc.SqliteStoreProvider;

/** Named keys in a database: SQLite for one machine, PostgreSQL for more. The driver is the application's to add. */
module io.sealwright.kms.store.jdbc {
    requires transitive io.sealwright.kms;
    requires transitive java.sql;
    requires org.slf4j;
    requires static org.jspecify;

    exports io.sealwright.kms.store.jdbc;

    provides EmbeddedStoreProvider with
            SqliteStoreProvider;
    provides StoreProvider with
            JdbcStoreProvider;
}
