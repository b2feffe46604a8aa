/** Moves what is sealed already, in files and database columns, to other master keys; reads raw AES-GCM of older systems. */
@SuppressWarnings("module") // whom a package is exported to is compiled after this
module io.sealwright.kms.migrate {
    requires transitive io.sealwright.kms;
    requires transitive java.sql;
    requires static org.jspecify;

    exports io.sealwright.kms.migrate;
    exports io.sealwright.kms.migrate.replacement to
            io.sealwright.kms.cli;
}
