package io.sealwright.kms.gcp;

import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import java.time.Duration;

/** Names and options that the tests share. */
final class Clouds {
    static final String RING = "projects/acme-prod/locations/europe-west3/keyRings/app/cryptoKeys/";
    static final String KEY = RING + "messages";
    static final String OTHER = RING + "other";
    static final String SECRET = "projects/acme-prod/secrets/app-encryption-key-default";

    /** The permissions that docs/providers/GCP.md asks for. */
    static final String[] SEALS_AND_OPENS = {
        "cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeys.get"
    };

    private Clouds() {}

    static GcpOptions options(FakeGoogleCloud cloud) {
        return options(cloud, Duration.ofSeconds(10));
    }

    static GcpOptions options(FakeGoogleCloud cloud, Duration timeout) {
        return GcpOptions.builder()
                .kmsEndpoint(cloud.endpoint())
                .secretManagerEndpoint(cloud.endpoint())
                .plaintextOnLoopback()
                .timeout(timeout)
                .build();
    }
}
