package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The environments of the systems that are replaced, as they are: D's {@code aws-kms} and secret, E's parameter. */
@Timeout(60)
class AwsFromEnvironmentTest {
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private final AwsFake aws = new AwsFake();

    @AfterEach
    void close() {
        aws.close();
    }

    private KeyManager manager(String... more) {
        return TestSettings.manager(TestSettings.variables(Fakes.variables(aws), more));
    }

    private static byte[] roundTrip(KeyManager kms) {
        byte[] message = kms.encrypt("hello").context("tenant", "acme").toBytes();
        assertThat(kms.decrypt(message).context("tenant", "acme").toText()).isEqualTo("hello");
        assertThat(kms.health().healthy()).isTrue();
        return message;
    }

    @Test
    void awsKms_byAlias_sealsAndOpens() {
        String arn = aws.kms().createKey();
        aws.kms().alias("alias/app", arn);
        byte[] message;
        try (KeyManager kms =
                manager("KMS_PROVIDER", "aws-kms", "AWS_KMS_KEY_ID", "alias/app", "AWS_REGION", AwsFake.REGION)) {
            message = roundTrip(kms);
        }
        try (KeyManager again = manager("KMS_PROVIDER", "AWS-KMS", "AWS_KMS_KEY_ID", arn)) {
            assertThat(again.decrypt(message).context("tenant", "acme").toText())
                    .isEqualTo("hello");
        }
        try (KeyManager again = manager("KMS_MASTER_KEY", "aws-kms://" + arn)) {
            assertThat(again.decrypt(message).context("tenant", "acme").toText())
                    .isEqualTo("hello");
        }
    }

    /** A pod's service account: its token is exchanged through our own HTTP client, with none of the SDK's around. */
    @Test
    void webIdentity_ofAPod_sealsAndOpens(@TempDir Path folder) throws Exception {
        String arn = aws.kms().createKey();
        Path token = Files.writeString(folder.resolve("token"), aws.webIdentityToken());
        Map<String, String> variables = Map.of(
                "KMS_MASTER_KEY",
                "aws-kms://" + arn,
                "AWS_ENDPOINT_URL",
                aws.endpoint().toString(),
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                token.toString(),
                "AWS_ROLE_ARN",
                "arn:aws:iam::111122223333:role/app");
        try (KeyManager kms = KeyManager.builder()
                .fromEnvironment(Variables.of(variables), property -> null)
                .build()) {
            roundTrip(kms);
        }
        assertThat(aws.calls("sts:AssumeRoleWithWebIdentity")).isEqualTo(1);
        Files.writeString(token, "of somebody else");
        try (KeyManager kms = KeyManager.builder()
                .fromEnvironment(Variables.of(variables), property -> null)
                .build()) {
            assertThatThrownBy(() -> kms.encrypt("hello").toBytes())
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("does not accept the credentials");
        }
    }

    /** Who gets no credentials is not denied the key. */
    @Test
    void webIdentity_roleDenied_isNoAnswerOfTheKey(@TempDir Path folder) throws Exception {
        Path token = Files.writeString(folder.resolve("token"), aws.webIdentityToken());
        Map<String, String> variables = Map.of(
                "AWS_ENDPOINT_URL", aws.endpoint().toString(),
                "AWS_WEB_IDENTITY_TOKEN_FILE", token.toString(),
                "AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/denied");
        try (MasterKey key = new AwsKmsProvider()
                .open(MasterKeyUri.parse("aws-kms://" + aws.kms().createKey()), Fakes.settings(variables))) {
            assertThatThrownBy(() -> key.generate(new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty())))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("does not accept the credentials (AccessDenied");
        }
        assertThat(aws.requests()).containsExactly("sts:AssumeRoleWithWebIdentity");
    }

    private MasterKey bootstrap(String uri) {
        Map<String, String> variables = new HashMap<>(Fakes.variables(aws));
        variables.put("AWS_REGION", AwsFake.REGION);
        return KeyManager.builder()
                .fromEnvironment(Variables.of(variables), property -> null)
                .masterKey(uri)
                .bootstrap();
    }

    @Test
    void bootstrap_secretMissing_makesItOnce() {
        bootstrap("aws-secretsmanager://app/master-key").close();
        String made = aws.secrets().value("app/master-key", "AWSCURRENT");
        assertThat(made).matches("\\{\"key\":\"[A-Za-z0-9_-]{43}\"}");
        bootstrap("aws-secretsmanager://app/master-key").close();
        assertThat(aws.secrets().value("app/master-key", "AWSCURRENT")).isEqualTo(made);
        assertThat(aws.calls("secretsmanager:CreateSecret")).isEqualTo(1);
        aws.secrets().delete("app/master-key");
        assertThatThrownBy(() -> bootstrap("aws-secretsmanager://app/master-key"))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("KMS_KEY_STATE_REFUSED");
        assertThat(aws.calls("secretsmanager:CreateSecret")).isEqualTo(1);
        try (KeyManager kms = manager("KMS_MASTER_KEY", "aws-ssm://app/other", "AWS_REGION", AwsFake.REGION)) {
            bootstrap("aws-ssm://app/other").close();
            bootstrap("aws-ssm://app/other").close();
            assertThat(aws.calls("ssm:PutParameter")).isEqualTo(1);
            roundTrip(kms);
        }
    }

    @Test
    void bootstrap_kmsKeyMissing_isNotMade_andTheErrorSaysHow() {
        assertThatThrownBy(() -> bootstrap("aws-kms://alias/app"))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("KMS_OPERATION_REFUSED")
                .hasMessageContaining("cannot be made from here")
                .hasMessageContaining("aws kms create-alias --alias-name alias/")
                .hasMessageContaining("aws kms create-key");
        assertThat(aws.requests()).containsExactly("kms:DescribeKey");
        aws.kms().alias("alias/app", aws.kms().createKey());
        bootstrap("aws-kms://alias/app").close();
    }

    @Test
    void awsSecretsManager_defaultName_sealsAndOpens() {
        aws.secrets().put("fedha/encryption/master-key", "{\"key\":\"" + "A".repeat(42) + "E\"}");
        try (KeyManager kms = manager("KMS_PROVIDER", "aws-secrets-manager", "AWS_REGION", AwsFake.REGION)) {
            roundTrip(kms);
        }
    }

    @Test
    void awsParameter_ofTheFourthSystem_sealsAndOpens() {
        aws.parameters().put("/shop/encryption-keys/default", HEX);
        try (KeyManager kms = manager("KMS_PROVIDER", "aws", "KMS_APP_NAME", "shop", "AWS_REGION", AwsFake.REGION)) {
            roundTrip(kms);
        }
    }
}
