package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/** Keys kept in Secrets Manager and Parameter Store, beyond the contract. */
@Timeout(60)
class AwsSecretsTest {
    private static final String ONE = "A".repeat(42) + "E";
    private static final String TWO = "B".repeat(42) + "E";
    private static final String THREE = "C".repeat(42) + "E";
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private final AwsFake aws = new AwsFake();

    @AfterEach
    void close() {
        aws.close();
    }

    private SecretSource secret(String name) {
        return AwsSecretsManager.secret(Fakes.options(aws).build(), name);
    }

    private SecretSource parameter(String name) {
        return AwsParameterStore.parameter(Fakes.options(aws).build(), name);
    }

    private static String json(String key) {
        return "{\"key\":\"" + key + "\"}";
    }

    private static String shown(SecretVersion version) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(version.secret().copy());
    }

    private static SecretBytes fresh() {
        byte[] bytes = new byte[32];
        java.util.Arrays.fill(bytes, (byte) 7);
        return SecretBytes.owning(bytes);
    }

    /** The key itself comes over it, each time. */
    @Test
    void check_plainHttp_saysSo() {
        aws.secrets().put("k", json(ONE));
        aws.parameters().put("/k", HEX);
        try (SecretSource secret = secret("k");
                SecretSource parameter = parameter("/k");
                SecretsManagerClient client = SecretsManagerClient.builder()
                        .region(Region.of(AwsFake.REGION))
                        .endpointOverride(aws.endpoint())
                        .httpClient(UrlConnectionHttpClient.create())
                        .credentialsProvider(StaticCredentialsProvider.create(
                                AwsBasicCredentials.create(aws.accessKey(), aws.secretKey())))
                        .build();
                SecretSource ready = AwsSecretsManager.secret(client, "k")) {
            for (SecretSource source : new SecretSource[] {secret, parameter, ready}) {
                assertThat(source.check()).contains("current version").endsWith("; the connection is not encrypted");
            }
        }
        try (SecretsManagerClient encrypted = SecretsManagerClient.builder()
                .region(Region.of(AwsFake.REGION))
                .httpClient(UrlConnectionHttpClient.create())
                .build()) {
            assertThat(OwnedClient.isEncrypted(encrypted.serviceClientConfiguration()))
                    .isTrue();
        }
    }

    // ---- Secrets Manager

    @Test
    void secret_threeLabels_areCurrentPreviousAndNext() {
        aws.secrets().put("k", json(ONE));
        String current = aws.secrets().put("k", json(TWO));
        aws.secrets().put("k", json(THREE), "AWSPENDING");
        try (SecretSource source = secret("k");
                SecretVersions versions = source.fetch()) {
            assertThat(versions.revision()).isEqualTo(current);
            assertThat(shown(versions.current())).isEqualTo(TWO);
            assertThat(versions.current().created()).isPresent();
            assertThat(versions.previous()).hasSize(1);
            assertThat(shown(versions.previous().get(0))).isEqualTo(ONE);
            assertThat(versions.next().map(AwsSecretsTest::shown)).contains(THREE);
        }
        assertThat(aws.requests()).hasSize(3);
    }

    @Test
    void secret_pendingLabelLeftAtTheCurrentVersion_isNoNextOne() {
        aws.secrets().put("k", json(ONE));
        try (SecretSource source = secret("k");
                SecretBytes key = fresh();
                SecretVersions before = source.fetch()) {
            source.write(key, before.revision());
            try (SecretVersions after = source.fetch()) {
                assertThat(after.next()).isEmpty();
                assertThat(shown(after.previous().get(0))).isEqualTo(ONE);
            }
        }
    }

    @Test
    void write_keepsOtherFieldsLetterByLetter_andTheForm() {
        aws.secrets()
                .put(
                        "k",
                        "{ \"a\" : [1, {\"key\":\"inner\"}],\n\"key\" : \"" + HEX + "\" , \"note\":\"\\u00e9\\\"\" }");
        try (SecretSource source = secret("k");
                SecretBytes key = fresh();
                SecretVersions before = source.fetch()) {
            String version = source.write(key, before.revision());
            assertThat(aws.secrets().value("k", "AWSCURRENT"))
                    .isEqualTo("{ \"a\" : [1, {\"key\":\"inner\"}],\n\"key\" : \"" + "07".repeat(32)
                            + "\" , \"note\":\"\\u00e9\\\"\" }");
            try (SecretVersions after = source.fetch()) {
                assertThat(after.revision()).isEqualTo(version);
            }
        }
    }

    @Test
    void write_secretChangedMeanwhile_isAConflictAndTheOtherKeyStays() {
        aws.secrets().put("k", json(ONE));
        try (SecretSource source = secret("k");
                SecretBytes key = fresh();
                SecretVersions before = source.fetch()) {
            aws.secrets().put("k", json(TWO));
            assertThatThrownBy(() -> source.write(key, before.revision()))
                    .isInstanceOf(StoreException.class)
                    .extracting(e -> ((StoreException) e).code())
                    .isEqualTo(ErrorCode.KMS_STORE_CONFLICT);
            assertThat(aws.secrets().value("k", "AWSCURRENT")).isEqualTo(json(TWO));
            assertThat(aws.secrets().value("k", "AWSPENDING")).isNull();
        }
    }

    /** Two rotations at one moment: both have read the same version, and the label moves once. */
    @Test
    void write_twoAtOnce_oneBecomesCurrentAndTheOtherIsTakenBack() throws Exception {
        aws.secrets().put("k", json(ONE));
        String revision;
        try (SecretSource source = secret("k");
                SecretVersions before = source.fetch()) {
            revision = before.revision();
        }
        int conflicts = 0;
        int written = 0;
        aws.slow(Duration.ofMillis(50));
        var pool = java.util.concurrent.Executors.newFixedThreadPool(2);
        try {
            var start = new java.util.concurrent.CyclicBarrier(2);
            var done = new java.util.ArrayList<java.util.concurrent.Future<String>>();
            for (int i = 0; i < 2; i++) {
                done.add(pool.submit(() -> {
                    try (SecretSource source = secret("k");
                            SecretBytes key = fresh()) {
                        start.await(30, java.util.concurrent.TimeUnit.SECONDS);
                        return source.write(key, revision);
                    }
                }));
            }
            for (var one : done) {
                try {
                    one.get(30, java.util.concurrent.TimeUnit.SECONDS);
                    written++;
                } catch (java.util.concurrent.ExecutionException e) {
                    assertThat(e.getCause()).isInstanceOf(StoreException.class);
                    conflicts++;
                }
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(written).isEqualTo(1);
        assertThat(conflicts).isEqualTo(1);
        assertThat(aws.secrets().value("k", "AWSPREVIOUS")).isEqualTo(json(ONE));
    }

    @Test
    void write_noSecretYet_createsIt_andNotTwice() {
        try (SecretSource source = secret("new/key");
                SecretBytes key = fresh()) {
            assertThatThrownBy(source::fetch).isInstanceOf(KeyNotFoundException.class);
            source.write(key, "");
            try (SecretVersions made = source.fetch()) {
                assertThat(made.current().secret().copy()).isEqualTo(key.copy());
            }
            assertThatThrownBy(() -> source.write(key, "")).isInstanceOf(StoreException.class);
            assertThatThrownBy(() -> source.write(key, "not a version!")).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void secret_markedForDeletion_isRefusedByItsState() {
        aws.secrets().put("k", json(ONE));
        aws.secrets().delete("k");
        try (SecretSource source = secret("k");
                SecretBytes key = fresh()) {
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(RefusedException.class)
                    .extracting(e -> ((RefusedException) e).code())
                    .isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED);
            assertThatThrownBy(() -> source.write(key, "")).isInstanceOf(RefusedException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "secret-text",
                "[\"secret-text\"]",
                "{\"key\":\"secret-text\"}",
                "{\"key\":17}",
                "{\"other\":\"secret-text\"}",
                "{\"key\":\"secret-text\",\"key\":\"secret-text\"}",
                "{\"key\":\"secret-text\"} x",
                "{\"key\":\"secret-text\"",
                "{\"key\":\"\\ud8\"}",
                "{\"key\":{\"key\":\"secret-text\"}}"
            })
    void secret_withoutAKey_isAConfigurationErrorThatShowsNothing(String value) {
        aws.secrets().put("k", value);
        try (SecretSource source = secret("k")) {
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(ConfigurationException.class)
                    .satisfies(e -> assertThat(e.toString()).doesNotContain("secret-text"));
        }
    }

    @Test
    void secret_binary_isAConfigurationError() {
        aws.secrets().putBinary("k", "AAAA");
        try (SecretSource source = secret("k")) {
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("binary");
        }
    }

    @Test
    void secret_byArn_andByUriWithRegion_isTheSame() {
        aws.secrets().put("team/k", json(ONE));
        for (String uri : new String[] {
            "aws-secretsmanager://team/k?region=eu-central-1",
            "aws-secretsmanager://" + aws.secrets().arn("team/k"),
            "aws-secretsmanager://" + aws.secrets().arn("team/k") + "?region=eu-central-1"
        }) {
            try (SecretSource source = new AwsSecretsManagerProvider()
                            .open(MasterKeyUri.parse(uri), Fakes.settings(Fakes.variables(aws)));
                    SecretVersions versions = source.fetch()) {
                assertThat(shown(versions.current())).isEqualTo(ONE);
                assertThat(source.uri()).isEqualTo(uri);
            }
        }
    }

    // ---- Parameter Store

    @Test
    void parameter_history_isThePreviousVersionsNewestFirst() {
        for (int i = 0; i < 120; i++) {
            aws.parameters().put("/k", String.format("%064x", i + 1));
        }
        try (SecretSource source = parameter("/k");
                SecretVersions versions = source.fetch()) {
            assertThat(versions.revision()).isEqualTo("120");
            assertThat(HexFormat.of().formatHex(versions.current().secret().copy()))
                    .endsWith("78");
            assertThat(versions.previous()).hasSize(99);
            assertThat(versions.previous().get(0).name()).isEqualTo("version 119");
            assertThat(versions.previous().get(98).name()).isEqualTo("version 21");
        }
        assertThat(aws.requests())
                .containsExactly("ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameterHistory");
    }

    @Test
    void parameter_historyDenied_givesTheNewestAlone() {
        aws.parameters().put("/k", HEX);
        aws.parameters().put("/k", ONE);
        aws.policy("""
                {"Version": "2012-10-17", "Statement": [
                 {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:PutParameter"], "Resource": "*"}]}
                """);
        try (SecretSource source = parameter("/k");
                SecretBytes key = fresh();
                SecretVersions versions = source.fetch()) {
            assertThat(shown(versions.current())).isEqualTo(ONE);
            assertThat(versions.previous()).isEmpty();
            assertThatThrownBy(() -> source.write(key, versions.revision()))
                    .as("without the history its key would change unseen")
                    .isInstanceOf(PermissionDeniedException.class);
        }
    }

    @Test
    void parameter_write_keepsKeyAndForm() {
        aws.parameters().put("/k", HEX, "SecureString", "alias/mine");
        try (SecretSource source = parameter("/k");
                SecretBytes key = fresh();
                SecretVersions before = source.fetch()) {
            assertThat(source.write(key, before.revision())).isEqualTo("2");
            assertThat(aws.parameters().value("/k")).isEqualTo("07".repeat(32));
            assertThat(aws.parameters().keyId("/k")).isEqualTo("alias/mine");
            assertThatThrownBy(() -> source.write(key, before.revision())).isInstanceOf(StoreException.class);
            assertThatThrownBy(() -> source.write(key, "x")).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void parameter_noneYet_isCreatedOnce() {
        try (SecretSource source = parameter("shop/encryption-keys/default");
                SecretBytes key = fresh()) {
            assertThatThrownBy(source::fetch).isInstanceOf(KeyNotFoundException.class);
            source.write(key, "");
            assertThat(aws.parameters().value("/shop/encryption-keys/default")).isEqualTo("07".repeat(32));
            assertThatThrownBy(() -> source.write(key, "")).isInstanceOf(StoreException.class);
        }
    }

    @Test
    void parameter_inTheClear_isRefused() {
        aws.parameters().put("/k", HEX, "String", null);
        try (SecretSource source = parameter("/k")) {
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("SecureString")
                    .satisfies(e -> assertThat(e.toString()).doesNotContain(HEX));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"short", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef\n"})
    void parameter_withoutAKey_isAConfigurationErrorThatShowsNothing(String value) {
        aws.parameters().put("/k", value);
        try (SecretSource source = parameter("/k")) {
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(ConfigurationException.class)
                    .satisfies(e -> assertThat(e.toString()).doesNotContain(value));
        }
    }

    // ---- both

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource(delimiter = '|', textBlock = """
            secret    | 400 | ResourceNotFoundException | can't find              | KMS_KEY_NOT_FOUND
            secret    | 400 | InvalidRequestException   | … was marked for deletion. | KMS_KEY_STATE_REFUSED
            secret    | 400 | InvalidRequestException   | … something else        | KMS_UNAVAILABLE
            secret    | 400 | AccessDeniedException     | not authorized          | KMS_DENIED
            secret    | 400 | DecryptionFailure         | …                       | KMS_UNAVAILABLE
            secret    | 400 | InvalidParameterException | …                       | KMS_UNAVAILABLE
            secret    | 400 | ExpiredTokenException     | …                       | KMS_UNAVAILABLE
            secret    | 400 | ThrottlingException       | …                       | KMS_UNAVAILABLE
            secret    | 500 | InternalServiceError      | …                       | KMS_UNAVAILABLE
            parameter | 400 | ParameterNotFound         | ''                      | KMS_KEY_NOT_FOUND
            parameter | 400 | AccessDeniedException     | not authorized          | KMS_DENIED
            parameter | 400 | InvalidKeyId              | …                       | KMS_UNAVAILABLE
            parameter | 400 | ThrottlingException       | …                       | KMS_UNAVAILABLE
            parameter | 500 | InternalServerError       | …                       | KMS_UNAVAILABLE
            """)
    void fetch_answerOfAws_isToldByItsCode(String kind, int status, String code, String message, ErrorCode expected) {
        aws.refuse(status, code, message);
        try (SecretSource source = kind.equals("secret") ? secret("k") : parameter("k")) {
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(KmsException.class)
                    .extracting(e -> ((KmsException) e).code())
                    .isEqualTo(expected);
            assertThat(aws.calls()).isEqualTo(1);
        }
    }

    @Test
    void write_parameterWithTooManyLabels_isRefused() {
        aws.refuse(400, "ParameterMaxVersionLimitExceeded", "label");
        try (SecretSource source = parameter("k");
                SecretBytes key = fresh()) {
            assertThatThrownBy(() -> source.write(key, ""))
                    .isInstanceOf(RefusedException.class)
                    .extracting(e -> ((RefusedException) e).code())
                    .isEqualTo(ErrorCode.KMS_OPERATION_REFUSED);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SILENT", "DRIPPING"})
    void fetch_noWholeAnswer_endsAtTheDeadlineOfAllRequests(Situation situation) {
        aws.secrets().put("k", json(ONE));
        aws.bringAbout(situation);
        AwsOptions hurried = Fakes.options(aws).timeout(Duration.ofSeconds(1)).build();
        for (SecretSource source :
                new SecretSource[] {AwsSecretsManager.secret(hurried, "k"), AwsParameterStore.parameter(hurried, "k")
                }) {
            long from = System.nanoTime();
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("within 1000 ms");
            assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(15));
            source.close();
            assertThatThrownBy(source::fetch).isInstanceOf(KmsException.class).hasMessageContaining("closed");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "aws-ssm://a//b",
                "aws-ssm://a/../b c",
                "aws-ssm://a?region=x",
                "aws-ssm://a?key=secret-text",
                "aws-ssm://arn:aws:ssm:eu-central-1:1:parameter/a",
                "aws-ssm://http://169.254.169.254/",
                "aws-secretsmanager://a b",
                "aws-secretsmanager://a?versionId=secret-text",
                "aws-secretsmanager://user:secret-text@host/a",
                "aws-secretsmanager://arn:aws:secretsmanager:eu-central-1:111122223333:secret:",
                "aws-secretsmanager://arn:aws:secretsmanager:us-east-1:111122223333:secret:a?region=eu-central-1"
            })
    void open_hostileUri_isAConfigurationErrorWithoutSecrets(String text) {
        assertThatThrownBy(() -> {
                    MasterKeyUri uri = MasterKeyUri.parse(text);
                    if (uri.scheme().equals("aws-ssm")) {
                        new AwsParameterStoreProvider().open(uri, Fakes.settings(Fakes.variables(aws)));
                    } else {
                        new AwsSecretsManagerProvider().open(uri, Fakes.settings(Fakes.variables(aws)));
                    }
                })
                .isInstanceOf(ConfigurationException.class)
                .satisfies(e -> assertThat(e.toString()).doesNotContain("secret-text"));
        assertThat(aws.calls()).isZero();
    }

    @Test
    void rotate_bothStores_oldMessagesOpen() {
        aws.secrets().put("k", json(ONE));
        aws.parameters().put("/k", HEX);
        for (SecretSource source : new SecretSource[] {secret("k"), parameter("/k")}) {
            try (KeyManager kms = KeyManager.builder().masterKey(source).build()) {
                byte[] before = kms.encrypt("before").toBytes();
                assertThat(kms.masterKeys().rotate(source.uri())).isNotBlank();
                byte[] after = kms.encrypt("after").toBytes();
                assertThat(kms.decrypt(before).toText()).isEqualTo("before");
                assertThat(kms.decrypt(after).toText()).isEqualTo("after");
            }
        }
    }
}
