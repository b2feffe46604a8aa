package io.sealwright.kms.vault;

import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.OnePerSettings;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretSourceProvider;
import java.util.Set;

/**
 * Opens {@code vault-kv://MOUNT/PATH}: the field {@code key} of a secret in the KV engine, version 2, of the server that
 * the environment names ({@code VAULT_ADDR}, {@code VAULT_TOKEN} and the others of docs/providers/VAULT.md). The first
 * segment is the mount. Other settings than the environment's: {@link VaultKeys}.
 */
public final class VaultKvProvider implements SecretSourceProvider {
    static final String SCHEME = "vault-kv";

    private final OnePerSettings<VaultSession> session = new OnePerSettings<>(VaultEnvironment::session);

    /** For {@link java.util.ServiceLoader}. */
    public VaultKvProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads the environment, connects to nothing.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI is not {@code vault-kv://MOUNT/PATH}, or a
     *     variable is missing, wrong or one too many
     */
    @Override
    public SecretSource open(MasterKeyUri uri, ProviderSettings settings) {
        String path = Names.path(uri, SCHEME + "://MOUNT/PATH");
        return new VaultKvSource(uri.toString(), path, session.get(settings), settings.time());
    }
}
