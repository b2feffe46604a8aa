package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.aws.AwsFake;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
        Map<String, String> variables = new HashMap<>(Fakes.variables(aws));
        for (int i = 0; i < more.length; i += 2) {
            variables.put(more[i], more[i + 1]);
        }
        return KeyManager.builder()
                .fromEnvironment(Variables.of(variables), property -> null)
                .build();
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
