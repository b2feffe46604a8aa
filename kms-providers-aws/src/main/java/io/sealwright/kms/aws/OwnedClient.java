package io.sealwright.kms.aws;

import io.sealwright.kms.spi.Variables;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.SdkServiceClientConfiguration;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * An SDK client that we made, and what else was made for it.
 *
 * @param client the client
 * @param encrypted whether the connection is TLS
 */
record OwnedClient<C extends SdkAutoCloseable>(C client, boolean encrypted, Runnable release) {
    /**
     * Makes a client; connects to nothing.
     *
     * @param variables where region and credentials come from that the options do not have
     */
    static <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C extends SdkAutoCloseable>
            OwnedClient<C> of(B builder, AwsOptions options, Variables variables) {
        String named = options.region();
        String region = named == null ? AwsEnvironment.region(variables) : named;
        AwsCredentialsProvider given = options.credentials();
        if (given != null) {
            return of(builder, options, region, given, () -> {});
        }
        AwsCredentialsProvider credentials = AwsEnvironment.credentials(variables, region);
        return of(builder, options, region, credentials, () -> {
            if (credentials instanceof SdkAutoCloseable closing) {
                closing.close();
            }
        });
    }

    /** @param release what was made for the client: run when it is closed, and at once if there will be none */
    static <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C extends SdkAutoCloseable>
            OwnedClient<C> of(
                    B builder,
                    AwsOptions options,
                    String region,
                    AwsCredentialsProvider credentials,
                    Runnable release) {
        try {
            SdkHttpClient http = options.httpClient();
            builder.region(Region.of(region))
                    .credentialsProvider(credentials)
                    .httpClient(http == null ? new JdkHttpClient() : http)
                    .overrideConfiguration(override -> override.retryStrategy(DefaultRetryStrategy.doNotRetry())
                            .apiCallTimeout(options.timeout())
                            .apiCallAttemptTimeout(options.timeout()));
            URI endpoint = options.endpoint();
            if (endpoint != null) {
                builder.endpointOverride(endpoint);
            }
            C client = builder.build();
            return new OwnedClient<>(client, isEncrypted(endpoint), () -> {
                client.close();
                release.run();
            });
        } catch (RuntimeException | Error e) {
            release.run();
            throw e;
        }
    }

    /** The same of a client of the caller's, as far as that tells. */
    static boolean isEncrypted(SdkServiceClientConfiguration configuration) {
        return isEncrypted(configuration.endpointOverride().orElse(null));
    }

    /** What a line about a key's health ends with. */
    static String ofConnection(boolean encrypted) {
        return encrypted ? "" : "; the connection is not encrypted";
    }

    private static boolean isEncrypted(@Nullable URI endpoint) {
        return endpoint == null || "https".equalsIgnoreCase(endpoint.getScheme());
    }
}
