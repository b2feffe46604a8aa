/** The facade, values, errors, events and provider interfaces of Sealwright. */
module io.sealwright.kms {
    // Only LimitedBody has to do with it, so that a program whose providers do not ask over HTTP need not have it.
    requires static transitive java.net.http;
    requires static transitive org.jspecify;

    exports io.sealwright.kms;
    exports io.sealwright.kms.error;
    exports io.sealwright.kms.event;
    exports io.sealwright.kms.spi;

    uses io.sealwright.kms.spi.KeyManagerEngine;
    uses io.sealwright.kms.spi.MasterKeyProvider;
    uses io.sealwright.kms.spi.StoreProvider;
}
