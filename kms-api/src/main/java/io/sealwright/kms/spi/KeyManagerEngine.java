package io.sealwright.kms.spi;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.error.ConfigurationException;
import java.util.Optional;
import java.util.ServiceLoader;

/** The engine behind the facade; {@code kms-core} has the one there is. Found by {@link ServiceLoader}. */
public interface KeyManagerEngine {
    /** Makes a manager. */
    KeyManager create(KeyManagerSettings settings);

    /** Reads a header without any key. */
    MessageInfo inspect(byte[] message);

    /**
     * Finds the engine: by this library's class loader, then by the thread's.
     *
     * @throws ConfigurationException if there is none
     */
    static KeyManagerEngine find() {
        Optional<KeyManagerEngine> own = ServiceLoader.load(
                        KeyManagerEngine.class, KeyManagerEngine.class.getClassLoader())
                .findFirst();
        return own.or(() -> ServiceLoader.load(KeyManagerEngine.class).findFirst())
                .orElseThrow(() -> new ConfigurationException(
                        "No engine was found.",
                        "kms-api is on the class path, but kms-core is not.",
                        "Add the dependency io.sealwright:kms-core."));
    }
}
