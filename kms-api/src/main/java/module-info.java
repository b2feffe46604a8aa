/** The facade, values, errors, events and provider interfaces of Sealwright. */
module io.sealwright.kms {
    requires static transitive org.jspecify;

    exports io.sealwright.kms;
    exports io.sealwright.kms.error;
    exports io.sealwright.kms.event;
    exports io.sealwright.kms.spi;

    uses io.sealwright.kms.spi.KeyManagerEngine;
    uses io.sealwright.kms.spi.MasterKeyProvider;
    uses io.sealwright.kms.spi.StoreProvider;
}
