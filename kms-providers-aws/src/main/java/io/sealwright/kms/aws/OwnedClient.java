package io.sealwright.kms.aws;

import io.sealwright.kms.spi.Variables;
import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
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
        AwsCredentialsProvider credentials = given == null ? AwsEnvironment.credentials(variables, region) : given;
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
        boolean encrypted = endpoint == null || endpoint.getScheme().equalsIgnoreCase("https");
        return new OwnedClient<>(client, encrypted, () -> {
            client.close();
            if (given == null && credentials instanceof SdkAutoCloseable closing) {
                closing.close();
            }
        });
    }
}
