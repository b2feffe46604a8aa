package io.sealwright.kms.spi;

import java.util.Set;

/**
 * Opens places that keep master keys, by URI scheme. Found by {@link java.util.ServiceLoader}; two providers of one
 * scheme, those of {@link MasterKeyProvider} included, are an error that lists both.
 */
public interface SecretSourceProvider {
    /** The schemes it serves: lower case, stable, as in {@code "vault-kv"}. */
    Set<String> schemes();

    /**
     * Opens a source. Reads settings only: the first fetch connects.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI or the settings cannot be right
     */
    SecretSource open(MasterKeyUri uri, ProviderSettings settings);
}
