package io.sealwright.kms.aws;

import io.sealwright.kms.spi.Variables;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.StsClientBuilder;
import software.amazon.awssdk.services.sts.auth.StsWebIdentityTokenFileCredentialsProvider;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * What a pod's service account has (IRSA). The SDK's own chain would want an HTTP client from the class path for it; this
 * one goes over ours. The SDK's provider leaves the client that it asks open, with its timer's threads: it is closed here.
 */
final class WebIdentity implements AwsCredentialsProvider, SdkAutoCloseable {
    /** The most that exchanging a token for credentials may take. */
    private static final Duration EXCHANGE = Duration.ofSeconds(5);

    private final StsClient sts;
    private final StsWebIdentityTokenFileCredentialsProvider exchanging;

    private WebIdentity(StsClient sts, StsWebIdentityTokenFileCredentialsProvider exchanging) {
        this.sts = sts;
        this.exchanging = exchanging;
    }

    static WebIdentity of(Variables variables, String region, Path token, String role) {
        StsClientBuilder builder = StsClient.builder()
                .region(Region.of(region))
                .httpClient(new JdkHttpClient())
                // The SDK's deadline of a call does not hold for the credentials that it fetches first.
                .overrideConfiguration(override -> override.apiCallTimeout(EXCHANGE)
                        .apiCallAttemptTimeout(EXCHANGE)
                        .retryStrategy(DefaultRetryStrategy.doNotRetry()))
                .credentialsProvider(AnonymousCredentialsProvider.create());
        URI endpoint = Endpoints.of(variables, "STS");
        if (endpoint != null) {
            builder.endpointOverride(endpoint);
        }
        StsClient sts = builder.build();
        try {
            return new WebIdentity(
                    sts,
                    StsWebIdentityTokenFileCredentialsProvider.builder()
                            .stsClient(sts)
                            .webIdentityTokenFile(token)
                            .roleArn(role)
                            .roleSessionName(
                                    variables.value("AWS_ROLE_SESSION_NAME").orElse("sealwright"))
                            .build());
        } catch (RuntimeException | Error e) {
            sts.close();
            throw e;
        }
    }

    @Override
    public AwsCredentials resolveCredentials() {
        return exchanging.resolveCredentials();
    }

    @Override
    public void close() {
        exchanging.close();
        sts.close();
    }

    @Override
    public String toString() {
        return "WebIdentity";
    }
}
