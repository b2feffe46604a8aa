package io.sealwright.kms.spi;

import java.nio.file.Path;
import java.util.Optional;

/** Opens the store of the embedded default; {@code kms-store-jdbc} has one for SQLite. Found by {@link java.util.ServiceLoader}. */
public interface EmbeddedStoreProvider {
    /**
     * Opens {@code store.db} in that folder, made if it is missing.
     *
     * @return empty if the driver it needs is not on the class path
     */
    Optional<NamedKeyStore> open(Path home);
}
