/** The engine behind Sealwright's facade. Exports nothing: it is reached through {@code io.sealwright.kms.KeyManager}. */
module io.sealwright.kms.core {
    requires transitive io.sealwright.kms;
    requires static org.jspecify;
    requires org.slf4j;
    requires com.github.benmanes.caffeine;

    uses io.sealwright.kms.spi.MasterKeyProvider;
    uses io.sealwright.kms.spi.EmbeddedStoreProvider;
}
