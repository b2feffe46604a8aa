package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The environments of the systems that are replaced: key in a secret, and key in Cloud KMS. */
@Timeout(60)
class GcpFromEnvironmentTest {
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();

    @AfterEach
    void close() {
        cloud.close();
    }

    private Map<String, String> variables() {
        return Map.of(
                "GCP_KMS_ENDPOINT", cloud.endpoint(),
                "GCP_SECRETMANAGER_ENDPOINT", cloud.endpoint(),
                "GCP_PLAINTEXT", "true");
    }

    private KeyManager manager(String... more) {
        return TestSettings.manager(TestSettings.variables(variables(), more));
    }

    private static byte[] roundTrip(KeyManager kms) {
        byte[] sealed = kms.encrypt("hello").context("tenant", "acme").toBytes();
        assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        return sealed;
    }

    @Test
    void projectAndAppName_ofTheFourthSystem_sealsAndOpens() {
        cloud.secrets().add("projects/acme-prod/secrets/shop-encryption-key-default", HEX);
        byte[] sealed;
        try (KeyManager kms =
                manager("KMS_PROVIDER", "GCP", "GOOGLE_CLOUD_PROJECT", "acme-prod", "KMS_APP_NAME", "shop")) {
            sealed = roundTrip(kms);
            assertThat(kms.health().healthy()).isTrue();
        }
        try (KeyManager again = manager(
                "KMS_MASTER_KEY", "gcp-secretmanager://projects/acme-prod/secrets/shop-encryption-key-default")) {
            assertThat(again.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
            again.masterKeys().rotate("gcp-secretmanager://projects/acme-prod/secrets/shop-encryption-key-default");
            assertThat(again.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        }
        try (KeyManager plain = manager("ENCRYPTION_KEY", HEX)) {
            assertThat(plain.decrypt(sealed).context("tenant", "acme").toText())
                    .as("the same key from another place")
                    .isEqualTo("hello");
        }
    }

    private MasterKey bootstrap(String uri) {
        return KeyManager.builder()
                .fromEnvironment(Variables.of(variables()), property -> null)
                .masterKey(uri)
                .bootstrap();
    }

    @Test
    void bootstrap_secretMissing_makesItOnce() {
        String uri = "gcp-secretmanager://projects/acme-prod/secrets/made";
        bootstrap(uri).close();
        byte[] sealed;
        try (KeyManager kms = manager("KMS_MASTER_KEY", uri)) {
            sealed = roundTrip(kms);
        }
        bootstrap(uri).close();
        try (KeyManager kms = manager("KMS_MASTER_KEY", uri)) {
            assertThat(kms.masterKeys().metadata(uri).version()).isEqualTo("version 1");
            assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        }
    }

    @Test
    void secretOfOneRegion_isMade_sealsAndOpensAfterRotation() {
        String name = "projects/acme-prod/locations/europe-west3/secrets/made";
        String uri = "gcp-secretmanager://" + name;
        cloud.secrets().add("projects/acme-prod/secrets/made", HEX); // of the same name, replicated: another one
        bootstrap(uri).close();
        assertThat(cloud.secrets().versions(name)).isEqualTo(1);
        byte[] sealed;
        try (KeyManager kms = manager("KMS_MASTER_KEY", uri)) {
            sealed = roundTrip(kms);
            kms.masterKeys().rotate(uri);
            assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        }
        assertThat(cloud.secrets().versions(name)).isEqualTo(2);
        try (KeyManager kms = manager("KMS_MASTER_KEY", uri);
                KeyManager other = manager("KMS_MASTER_KEY", "gcp-secretmanager://projects/acme-prod/secrets/made")) {
            assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
            assertThatThrownBy(() ->
                            other.decrypt(sealed).context("tenant", "acme").toText())
                    .isInstanceOf(NoMatchingRecipientException.class);
        }
    }

    @Test
    void bootstrap_kmsKeyMissing_isNotMade_andTheErrorSaysHow() {
        String key = "projects/p1/locations/l1/keyRings/r1/cryptoKeys/k1";
        assertThatThrownBy(() -> bootstrap("gcp-kms://" + key))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("KMS_OPERATION_REFUSED")
                .hasMessageContaining(
                        "gcloud kms keys create k1 --keyring r1 --location l1 --project p1 --purpose encryption");
        cloud.kms().create(key);
        bootstrap("gcp-kms://" + key).close();
    }

    @Test
    void gcpKmsKey_sealsAndOpensAfterRotation_andRewraps() {
        cloud.kms().create(Clouds.KEY);
        try (KeyManager kms = manager("KMS_PROVIDER", "gcp", "GCP_KMS_KEY", Clouds.KEY)) {
            byte[] sealed = roundTrip(kms);
            assertThat(kms.health().healthy()).isTrue();
            assertThat(kms.needsRewrap(sealed)).isFalse();
            assertThat(kms.masterKeys().rotate("gcp-kms://" + Clouds.KEY)).isEqualTo("2");
            assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
            assertThat(kms.needsRewrap(sealed)).isTrue();
            byte[] moved = kms.rewrap(sealed).toBytes();
            assertThat(kms.needsRewrap(moved)).isFalse();
            assertThat(kms.decrypt(moved).context("tenant", "acme").toText()).isEqualTo("hello");
        }
    }

    @Test
    void gcpWithoutAKey_namesTheVariable() {
        assertThatThrownBy(() -> manager("KMS_PROVIDER", "gcp"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("GOOGLE_CLOUD_PROJECT");
        assertThatThrownBy(() -> manager(
                        "KMS_PROVIDER", "gcp", "GCP_KMS_KEY", "projects/p/locations/l/keyRings/r/cryptoKeys/k v"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("GCP_KMS_KEY");
    }
}
