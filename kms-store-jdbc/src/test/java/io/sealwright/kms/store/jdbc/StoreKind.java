package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.testbed.TestPostgres;
import java.nio.file.Path;

/** The databases that a test runs on. */
enum StoreKind {
    SQLITE {
        @Override
        String fresh(Path folder) {
            return "jdbc:sqlite:" + folder.resolve("store.db");
        }
    },
    POSTGRESQL {
        @Override
        String fresh(Path folder) throws Exception {
            return TestPostgres.shared().freshSchema();
        }
    };

    /** The URL of a store that is not there yet. */
    abstract String fresh(Path folder) throws Exception;

    static NamedKeyStore open(String url) {
        return JdbcKeyStore.of(StoreAddress.of(url));
    }

    /** A manager on that store and the key file in {@code home}, made if it is missing. */
    static KeyManager manager(Path home, String url) {
        return manager(home, url, TimeSource.system());
    }

    /** As {@link #manager(Path, String)}, with a clock. */
    static KeyManager manager(Path home, String url, TimeSource time) {
        return KeyManager.builder()
                .embedded()
                .home(home)
                .store(open(url))
                .timeSource(time)
                .build();
    }
}
