package io.sealwright.kms.vault;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.OnePerSettings;
import io.sealwright.kms.spi.ProviderSettings;
import java.util.Set;

/**
 * Opens {@code vault-transit://MOUNT/KEY}: a key of the transit engine of the server that the environment names
 * ({@code VAULT_ADDR}, {@code VAULT_TOKEN} and the others of docs/providers/VAULT.md). Other settings than the
 * environment's: {@link VaultKeys}.
 */
public final class VaultTransitProvider implements MasterKeyProvider {
    static final String SCHEME = "vault-transit";

    private final OnePerSettings<VaultSession> session = new OnePerSettings<>(VaultEnvironment::session);

    /** For {@link java.util.ServiceLoader}. */
    public VaultTransitProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads the environment, connects to nothing.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI is not {@code vault-transit://MOUNT/KEY}, or a
     *     variable is missing, wrong or one too many
     */
    @Override
    public MasterKey open(MasterKeyUri uri, ProviderSettings settings) {
        String path = Names.path(uri, SCHEME + "://MOUNT/KEY");
        return new VaultTransitKey(uri.toString(), path, session.get(settings));
    }
}
