import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.SecretSourceProvider;
import io.sealwright.kms.vault.VaultKvProvider;
import io.sealwright.kms.vault.VaultTransitProvider;

/** Master keys in the transit engine of HashiCorp Vault or OpenBao, and keys kept in their KV engine, version 2. */
module io.sealwright.kms.vault {
    requires transitive io.sealwright.kms;
    requires transitive vault.java.driver;
    requires java.net.http;
    requires static org.jspecify;

    exports io.sealwright.kms.vault;

    provides MasterKeyProvider with
            VaultTransitProvider;
    provides SecretSourceProvider with
            VaultKvProvider;
}
