package io.sealwright.kms.spi;

import java.util.Set;

/**
 * Opens master keys of some URI schemes. Found by {@link java.util.ServiceLoader}; two providers of one scheme are an
 * error that lists both.
 */
public interface MasterKeyProvider {
    /** The schemes it serves: lower case, stable, as in {@code "vault-transit"}. */
    Set<String> schemes();

    /**
     * Opens a key. Reads settings only: the first call connects. (A key file is read at once, since a missing one must
     * stop the start; and with {@link ProviderSettings#createMissing} a provider that can make its keys looks and makes.)
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI or the settings cannot be right
     * @throws io.sealwright.kms.error.KeyNotFoundException if the key lies on this machine and is not there
     */
    MasterKey open(MasterKeyUri uri, ProviderSettings settings);
}
