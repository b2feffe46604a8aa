package io.sealwright.kms.aws;

import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** How tests of this module reach the fake. */
final class Fakes {
    private static final Pattern BLOCK = Pattern.compile("```json\\n(.*?)```", Pattern.DOTALL);

    private Fakes() {}

    static AwsOptions.Builder options(AwsFake aws) {
        return AwsOptions.builder()
                .region(AwsFake.REGION)
                .endpoint(aws.endpoint())
                .credentials(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create(aws.accessKey(), aws.secretKey())));
    }

    /** What the environment of a process would hold. */
    static Map<String, String> variables(AwsFake aws) {
        return Map.of(
                "AWS_ACCESS_KEY_ID", aws.accessKey(),
                "AWS_SECRET_ACCESS_KEY", aws.secretKey(),
                "AWS_ENDPOINT_URL", aws.endpoint().toString());
    }

    static ProviderSettings settings(Map<String, String> variables) {
        return TestSettings.with(Variables.of(variables));
    }

    /** What the engine makes of a source; it serves for a millisecond and through no outage, so that each call asks. */
    static MasterKey alwaysAsking(SecretSource source) {
        return new SecretMasterKey(source, PassphrasePolicy.defaults(), TestSettings.alwaysAsking());
    }

    /** The policies that docs/providers/AWS.md gives, in its order: KMS, Secrets Manager, Parameter Store. */
    static String documentedPolicy(int number) {
        Path page = Path.of("").toAbsolutePath();
        while (!Files.exists(page.resolve("docs/providers/AWS.md"))) {
            page = page.getParent();
        }
        try {
            Matcher blocks = BLOCK.matcher(Files.readString(page.resolve("docs/providers/AWS.md")));
            for (int i = 0; i <= number; i++) {
                if (!blocks.find()) {
                    throw new AssertionError("docs/providers/AWS.md has no policy " + number);
                }
            }
            return blocks.group(1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
