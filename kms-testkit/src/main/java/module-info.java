/** Fakes and contract tests for applications that use Sealwright and for those who write providers and stores. */
module io.sealwright.kms.testkit {
    requires transitive io.sealwright.kms;
    requires java.net.http;
    requires jdk.httpserver;
    requires static transitive org.junit.jupiter.api;
    requires static org.jspecify;

    exports io.sealwright.kms.testkit.aws;
    exports io.sealwright.kms.testkit.masterkey;
    exports io.sealwright.kms.testkit.proof;
    exports io.sealwright.kms.testkit.store;
    exports io.sealwright.kms.testkit.time;
}
