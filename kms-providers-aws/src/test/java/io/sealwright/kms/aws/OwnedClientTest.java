package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.testkit.aws.AwsFake;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.KmsClientBuilder;

/** What is made for a key goes with it. */
@Timeout(120)
class OwnedClientTest {
    private static Set<Thread> timers() {
        Set<Thread> threads = new HashSet<>(Thread.getAllStackTraces().keySet());
        threads.removeIf(thread -> !thread.getName().startsWith("sdk-"));
        return threads;
    }

    /** On EKS, each key's exchange of tokens has a client of its own, whose timer is threads. */
    @Test
    void webIdentity_keysOpenedUsedAndClosed_leaveNoThreads(@TempDir Path folder) throws Exception {
        try (AwsFake aws = new AwsFake()) {
            Path token = Files.writeString(folder.resolve("token"), aws.webIdentityToken());
            Map<String, String> variables = Map.of(
                    "AWS_ENDPOINT_URL", aws.endpoint().toString(),
                    "AWS_WEB_IDENTITY_TOKEN_FILE", token.toString(),
                    "AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/app");
            String uri = "aws-kms://" + aws.kms().createKey();
            Set<Thread> before = timers();
            Set<Thread> during = new HashSet<>();
            for (int i = 0; i < 3; i++) {
                try (MasterKey key = new AwsKmsProvider().open(MasterKeyUri.parse(uri), Fakes.settings(variables))) {
                    assertThat(key.check()).contains("Enabled");
                    during.addAll(timers());
                }
            }
            during.removeAll(before);
            assertThat(during).as("there were some").isNotEmpty();
            for (Thread thread : during) {
                thread.join(Duration.ofSeconds(20).toMillis());
                assertThat(thread.isAlive()).as(thread.getName()).isFalse();
            }
        }
    }

    @Test
    void of_noClientCanBeBuilt_releasesWhatWasMadeForIt() {
        KmsClientBuilder broken = (KmsClientBuilder) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {KmsClientBuilder.class}, (builder, method, arguments) -> {
                    if (method.getName().equals("build")) {
                        throw new IllegalStateException("no such client");
                    }
                    return builder;
                });
        AtomicInteger released = new AtomicInteger();
        AwsOptions options = AwsOptions.builder().region(AwsFake.REGION).build();
        assertThatThrownBy(() -> OwnedClient.of(
                        broken,
                        options,
                        AwsFake.REGION,
                        AnonymousCredentialsProvider.create(),
                        released::incrementAndGet))
                .hasMessage("no such client");
        assertThat(released).hasValue(1);
        OwnedClient<KmsClient> whole = OwnedClient.of(
                KmsClient.builder(),
                options,
                AwsFake.REGION,
                AnonymousCredentialsProvider.create(),
                released::incrementAndGet);
        assertThat(released).hasValue(1);
        whole.release().run();
        assertThat(released).hasValue(2);
    }
}
