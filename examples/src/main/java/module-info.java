/** Examples. Exports nothing: the engine finds the provider. */
module io.sealwright.examples {
    requires io.sealwright.kms;
    requires java.net.http;
    requires static org.jspecify;

    provides io.sealwright.kms.spi.MasterKeyProvider with
            io.sealwright.examples.keyring.KeyringProvider;
}
