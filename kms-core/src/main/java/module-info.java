/** The engine behind Sealwright's facade. Exports nothing: it is reached through {@code io.sealwright.kms.KeyManager}. */
module io.sealwright.kms.core {
    requires transitive io.sealwright.kms;
    requires static jdk.jfr; // where it is absent nothing is recorded
    requires static org.crac;
    requires static org.jspecify;
    requires org.slf4j;
    requires com.github.benmanes.caffeine;
    requires io.github.resilience4j.circuitbreaker;
    requires io.github.resilience4j.core;

    uses io.sealwright.kms.spi.MasterKeyProvider;
    uses io.sealwright.kms.spi.SecretSourceProvider;
    uses io.sealwright.kms.spi.EmbeddedStoreProvider;
    uses io.sealwright.kms.spi.Argon2id;

    provides io.sealwright.kms.spi.KeyManagerEngine with
            io.sealwright.kms.core.engine.DefaultEngine;
    provides io.sealwright.kms.spi.MasterKeyProvider with
            io.sealwright.kms.core.local.LocalKeyProvider;
    provides io.sealwright.kms.spi.SecretSourceProvider with
            io.sealwright.kms.core.secretsource.EnvSecretSourceProvider;
}
