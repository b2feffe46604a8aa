/** The command line {@code kms}. Exports nothing: the program is the interface. */
module io.sealwright.kms.cli {
    requires info.picocli;
    requires io.sealwright.kms;
    requires io.sealwright.kms.migrate;
    requires io.sealwright.kms.store.jdbc;
    requires java.management;
    requires jdk.management;
    requires static org.jspecify;

    uses io.sealwright.kms.spi.MasterKeyProvider;
    uses io.sealwright.kms.spi.SecretSourceProvider;

    opens io.sealwright.kms.cli to
            info.picocli;
}
