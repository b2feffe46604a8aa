package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.auth.oauth2.AccessToken;
import com.google.auth.oauth2.GoogleCredentials;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings from the program and from the environment: nothing connects, and what is wrong is named. */
class GcpOptionsTest {
    private static final WrapBinding BINDING = new WrapBinding(WrapBinding.Purpose.DATA_KEY, EncryptionContext.empty());

    @TempDir
    Path folder;

    private static ProviderSettings settings(String... namesAndValues) {
        return TestSettings.with(TestSettings.variables(namesAndValues));
    }

    @Test
    void providers_openByUri_connectToNothing_andReadNoFile() {
        ProviderSettings settings = settings("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file");
        try (MasterKey key = new GcpKmsProvider().open(MasterKeyUri.parse("gcp-kms://" + Clouds.KEY), settings);
                SecretSource source = new GcpSecretManagerProvider()
                        .open(MasterKeyUri.parse("gcp-secretmanager://" + Clouds.SECRET), settings)) {
            assertThat(key.uri()).isEqualTo("gcp-kms://" + Clouds.KEY);
            assertThat(key.toString()).isEqualTo("GcpKmsKey[gcp-kms://" + Clouds.KEY + "]");
            assertThat(source.uri()).isEqualTo("gcp-secretmanager://" + Clouds.SECRET);
            assertThat(source.writable()).isTrue();
            assertThatThrownBy(() -> key.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("credentials");
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("GOOGLE_APPLICATION_CREDENTIALS");
        }
    }

    @Test
    void credentialsFile_thatIsNone_throwsUnavailableWithoutShowingIt() throws Exception {
        for (String content : List.of(
                "{\"type\":\"service_account\",\"private_key\":\"hunter2\"}",
                "{\"type\":\"service_account\",\"client_id\":\"1\",\"client_email\":\"e\",\"private_key_id\":\"1\","
                        + "\"private_key\":\"-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----\"}",
                "{\"type\":7,\"private_key\":\"hunter2\"}",
                "hunter2",
                "[]",
                "")) {
            Path file = Files.writeString(folder.resolve("key.json"), content);
            GcpOptions options = GcpOptions.builder().credentialsFile(file).build();
            try (MasterKey key = GcpKms.masterKey(options, Clouds.KEY)) {
                assertThatThrownBy(() -> key.generate(BINDING))
                        .as(content)
                        .isInstanceOf(UnavailableException.class)
                        .satisfies(e -> {
                            StringWriter told = new StringWriter();
                            e.printStackTrace(new PrintWriter(told, true));
                            assertThat(told.toString()).doesNotContain("hunter2");
                        });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/",
                "gcp-kms://projects/p/locations/l/keyRings/r",
                "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
                "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k?endpoint=evil.example",
                "gcp-kms://evil.example/projects/p/locations/l/keyRings/r/cryptoKeys/k",
                "gcp-kms://projects/p/locations/../keyRings/r/cryptoKeys/k",
                "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k/..",
                "gcp-kms://projects/P%2f/locations/l/keyRings/r/cryptoKeys/k",
                "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/a b",
                "gcp-kms://projects/p/secrets/s",
                "gcp-kms:alias/app"
            })
    void uri_thatNamesNoKey_isRefused(String uri) {
        assertThatThrownBy(() -> new GcpKmsProvider().open(MasterKeyUri.parse(uri), settings()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("cannot be used");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gcp-secretmanager://projects/p/secrets/",
                "gcp-secretmanager://projects/p/secrets/s/versions/1",
                "gcp-secretmanager://projects/p/secrets/s/versions/latest",
                "gcp-secretmanager://projects/p/secrets/s.t",
                "gcp-secretmanager://p/s",
                "gcp-secretmanager://projects/p/locations//secrets/s",
                "gcp-secretmanager://projects/p/locations/evil.example/secrets/s",
                "gcp-secretmanager://projects/p/locations/l:443/secrets/s",
                "gcp-secretmanager://projects/p/locations/l/keyRings/r/secrets/s",
                "gcp-secretmanager://projects/p/locations/europe-west3/secrets/s/versions/1"
            })
    void uri_thatNamesNoSecret_isRefused(String uri) {
        assertThatThrownBy(() -> new GcpSecretManagerProvider().open(MasterKeyUri.parse(uri), settings()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("cannot be used");
    }

    @Test
    void secretManagerEndpoint_secretOfOneRegion_isTheRegions() {
        GcpOptions google = GcpOptions.builder().build();
        String regional = Names.location("projects/p/locations/europe-west3/secrets/s");
        assertThat(regional).isEqualTo("europe-west3");
        assertThat(google.secretManagerEndpoint(regional))
                .isEqualTo("secretmanager.europe-west3.rep.googleapis.com:443");
        assertThat(google.secretManagerEndpoint(Names.location("projects/p/secrets/s")))
                .isEqualTo("secretmanager.googleapis.com:443");
        GcpOptions own = GcpOptions.builder()
                .secretManagerEndpoint("secretmanager.private.example")
                .build();
        assertThat(own.secretManagerEndpoint(regional)).isEqualTo("secretmanager.private.example:443");
    }

    @ParameterizedTest
    @ValueSource(strings = {"domain.example:project", "123456789012", "my-project"})
    void uri_everyKindOfProject_isTaken(String project) {
        String name = "projects/" + project + "/locations/global/keyRings/R_1/cryptoKeys/K-1";
        GcpKms.masterKey(GcpOptions.builder().build(), name).close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://cloudkms.googleapis.com",
                "user:hunter2@cloudkms.googleapis.com",
                "cloudkms.googleapis.com/hunter2",
                "cloudkms.googleapis.com:99999",
                "unix:/tmp/hunter2",
                ""
            })
    void endpoint_thatIsNone_isRefusedWithoutBeingShown(String endpoint) {
        assertThatThrownBy(() -> GcpOptions.builder().kmsEndpoint(endpoint))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageNotContaining("hunter2");
        assertThatThrownBy(() -> GcpOptions.builder().secretManagerEndpoint(endpoint))
                .isInstanceOf(ConfigurationException.class);
    }

    @Test
    void plaintext_otherThanThisMachine_isRefused() {
        for (String endpoint : new String[] {"cloudkms.googleapis.com", "10.0.0.1:443", "127.0.0.1.evil.example:1"}) {
            assertThatThrownBy(() -> GcpOptions.builder()
                            .kmsEndpoint(endpoint)
                            .plaintextOnLoopback()
                            .build())
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("loopback");
        }
        GcpOptions kmsAlone = GcpOptions.builder()
                .kmsEndpoint("[::1]:9000")
                .plaintextOnLoopback()
                .build();
        GcpKms unused = GcpKms.of(kmsAlone);
        assertThatThrownBy(() -> GcpSecretManager.of(kmsAlone))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("secretManagerEndpoint");
    }

    @Test
    void builder_givenTwiceOrContradicting_isRefused() {
        GoogleCredentials who = GoogleCredentials.create(
                AccessToken.newBuilder().setTokenValue("ya29.hunter2").build());
        assertThatThrownBy(() -> GcpOptions.builder().credentials(who).credentials(who))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> GcpOptions.builder()
                        .credentials(who)
                        .credentialsFile(Path.of("f"))
                        .build())
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> GcpOptions.builder()
                        .credentials(who)
                        .kmsEndpoint("127.0.0.1:1")
                        .plaintextOnLoopback()
                        .build())
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> GcpOptions.builder().timeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GcpOptions.builder().timeout(Duration.ofHours(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(GcpOptions.builder().credentials(who).build())
                .hasToString(
                        "GcpOptions[cloudkms.googleapis.com:443, secretmanager.googleapis.com:443, credentials given]");
    }

    @Test
    void environment_isReadAndNamed() {
        GcpOptions options = GcpEnvironment.options(Variables.of(Map.of(
                "GCP_KMS_ENDPOINT", "cloudkms.europe-west3.rep.googleapis.com",
                "GOOGLE_APPLICATION_CREDENTIALS", "/run/secrets/sa.json")));
        assertThat(options.kmsEndpoint()).isEqualTo("cloudkms.europe-west3.rep.googleapis.com:443");
        assertThat(options.credentialsFile()).isEqualTo(Path.of("/run/secrets/sa.json"));
        assertThat(options.plaintext()).isFalse();
        refused("GCP_KMS_ENDPOINT", "GCP_KMS_ENDPOINT", "https://x");
        refused("GCP_SECRETMANAGER_ENDPOINT", "GCP_SECRETMANAGER_ENDPOINT", "a b");
        refused("GCP_PLAINTEXT", "GCP_PLAINTEXT", "yes");
        refused("GCP_PLAINTEXT", "GCP_PLAINTEXT", "true", "GCP_KMS_ENDPOINT", "cloudkms.googleapis.com");
        refused("kmsEndpoint", "GCP_PLAINTEXT", "true");
    }

    private static void refused(String named, String... variables) {
        assertThatThrownBy(() ->
                        new GcpKmsProvider().open(MasterKeyUri.parse("gcp-kms://" + Clouds.KEY), settings(variables)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(named);
    }
}
