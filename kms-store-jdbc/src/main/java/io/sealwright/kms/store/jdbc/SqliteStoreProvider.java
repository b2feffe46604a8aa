package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.EmbeddedStoreProvider;
import io.sealwright.kms.spi.NamedKeyStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/** Opens {@code store.db} with SQLite if {@code org.xerial:sqlite-jdbc} is there; found by the engine. */
public final class SqliteStoreProvider implements EmbeddedStoreProvider {
    static final String FILE = "store.db";

    /** For {@link java.util.ServiceLoader}. */
    public SqliteStoreProvider() {}

    /**
     * Opens {@code store.db} in that folder; makes the folder (mode 0700) and the file (0600) if they are missing.
     *
     * @return empty if the SQLite driver is not there
     * @throws ConfigurationException if the folder cannot be made
     * @throws io.sealwright.kms.error.StoreException as {@link JdbcKeyStore#sqlite} does
     */
    @Override
    public Optional<NamedKeyStore> open(Path home) {
        return Drivers.SQLITE.find().map(driver -> {
            makeFolder(home);
            return JdbcKeyStore.open(SqliteFile.of(home.resolve(FILE), driver), JdbcKeyStore.MAX_WAIT);
        });
    }

    private static void makeFolder(Path home) {
        if (Files.isDirectory(home)) {
            return;
        }
        try {
            if (home.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                Files.createDirectories(
                        home, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } else {
                Files.createDirectories(home);
            }
        } catch (IOException e) {
            throw new ConfigurationException(
                    "The folder '" + home + "' cannot be made.",
                    "The operating system refused it.",
                    "Make the folder, or name another one in KMS_HOME.",
                    e);
        }
    }
}
