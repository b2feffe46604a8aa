package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreProvider;
import io.sealwright.kms.spi.StoreSchema;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Opens the stores that {@code jdbc:sqlite:PATH} and {@code jdbc:postgresql://HOST[:PORT]/DATABASE[?parameters]} name;
 * found by the engine and the command line.
 */
public final class JdbcStoreProvider implements StoreProvider {
    private static final String SQLITE = "jdbc:sqlite:";

    /** For {@link java.util.ServiceLoader}. */
    public JdbcStoreProvider() {}

    @Override
    public boolean takes(String url) {
        return url.startsWith(SQLITE) || url.startsWith(PostgresServer.PREFIX);
    }

    @Override
    public boolean exists(StoreAddress address) {
        if (address.url().startsWith(SQLITE)) {
            return Files.exists(file(address));
        }
        try (Transactions transactions = new Transactions(PostgresServer.of(address), JdbcKeyStore.MAX_WAIT)) {
            return transactions.outside("cannot be read", transactions.dialect()::hasSchema);
        }
    }

    @Override
    public Optional<StoreSchema> schema(StoreAddress address) {
        if (!address.url().startsWith(SQLITE)) {
            return Optional.of(JdbcKeyStore.schema(PostgresServer.of(address)));
        }
        Path file = file(address);
        return Files.exists(file)
                ? Optional.of(JdbcKeyStore.schema(SqliteFile.of(file, Drivers.SQLITE.require(file.toString()))))
                : Optional.empty();
    }

    @Override
    public NamedKeyStore open(StoreAddress address) {
        if (address.url().startsWith(SQLITE)) {
            return JdbcKeyStore.sqlite(file(address));
        }
        return JdbcKeyStore.open(PostgresServer.of(address), JdbcKeyStore.MAX_WAIT);
    }

    private static Path file(StoreAddress address) {
        String path = address.url().substring(SQLITE.length());
        if (path.isEmpty() || path.startsWith(":") || path.startsWith("file:") || path.contains("?")) {
            throw new ConfigurationException(
                    "The URL of the store names no SQLite file.",
                    "It must be jdbc:sqlite: and a path, without parameters; stores in memory are shared with nobody.",
                    "Give jdbc:sqlite:PATH.");
        }
        try {
            return Path.of(path);
        } catch (InvalidPathException e) {
            throw new ConfigurationException(
                    "The URL of the store names no SQLite file.",
                    "This system does not allow such a path.",
                    "Give jdbc:sqlite:PATH.",
                    e);
        }
    }
}
