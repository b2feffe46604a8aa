/** The counters of a key manager as Micrometer's meters. */
module io.sealwright.kms.micrometer {
    requires transitive io.sealwright.kms;
    requires transitive micrometer.core;
    requires static org.jspecify;

    exports io.sealwright.kms.micrometer;
}
