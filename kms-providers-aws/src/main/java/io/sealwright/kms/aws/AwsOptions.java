package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.BuilderChecks;
import io.sealwright.kms.spi.ForeignText;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;

/**
 * Where and as whom AWS is asked, given by the program. What is not said comes from where the SDK looks: the region and the
 * credentials from variables, profile and the machine's role. Immutable; never prints credentials.
 */
public final class AwsOptions {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration SHORTEST = Duration.ofMillis(10);
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final @Nullable String region;
    private final @Nullable URI endpoint;
    private final @Nullable AwsCredentialsProvider credentials;
    private final @Nullable SdkHttpClient httpClient;
    private final Duration timeout;

    private AwsOptions(Builder builder) {
        this.region = builder.region;
        this.endpoint = builder.endpoint;
        this.credentials = builder.credentials;
        this.httpClient = builder.httpClient;
        this.timeout = builder.timeout == null ? DEFAULT_TIMEOUT : builder.timeout;
    }

    /** With nothing said. */
    public static Builder builder() {
        return new Builder();
    }

    @Nullable
    String region() {
        return region;
    }

    @Nullable
    URI endpoint() {
        return endpoint;
    }

    @Nullable
    AwsCredentialsProvider credentials() {
        return credentials;
    }

    @Nullable
    SdkHttpClient httpClient() {
        return httpClient;
    }

    Duration timeout() {
        return timeout;
    }

    /** These for another region, which an ARN or a URI named. */
    AwsOptions in(@Nullable String other) {
        if (other == null || other.equals(region)) {
            return this;
        }
        if (region != null) {
            throw new ConfigurationException(
                    "Two regions are named.",
                    "The key's name says " + other + ", the options say " + region + ".",
                    "Leave the region out of the options, or correct one of the two.");
        }
        Builder builder = new Builder();
        builder.region = other;
        builder.endpoint = endpoint;
        builder.credentials = credentials;
        builder.httpClient = httpClient;
        builder.timeout = timeout;
        return builder.build();
    }

    @Override
    public String toString() {
        return "AwsOptions[region " + region + ", endpoint " + endpoint + "]";
    }

    /** Sets options; each at most once. */
    public static final class Builder {
        private @Nullable String region;
        private @Nullable URI endpoint;
        private @Nullable AwsCredentialsProvider credentials;
        private @Nullable SdkHttpClient httpClient;
        private @Nullable Duration timeout;

        private Builder() {}

        /**
         * Sets the region, as in {@code eu-central-1}. Default: that of the key's ARN, else of {@code AWS_REGION}, the system
         * property {@code aws.region}, {@code AWS_DEFAULT_REGION}, the profile.
         *
         * @throws ConfigurationException if it is none
         */
        public Builder region(String name) {
            BuilderChecks.once("region", region);
            if (!AwsUri.REGION.matcher(name).matches()) {
                throw new ConfigurationException(
                        "'" + ForeignText.shown(name) + "' is no region.",
                        "A region is like eu-central-1.",
                        "Name the region that has the key.");
            }
            region = name;
            return this;
        }

        /**
         * Sets the endpoint: a VPC endpoint, a proxy of yours, a test server. Default: the region's own. Over
         * {@code http://} keys go readable through the network.
         *
         * @throws ConfigurationException if it is no http or https address, or holds user information or a query
         */
        public Builder endpoint(URI address) {
            BuilderChecks.once("endpoint", endpoint);
            endpoint = Endpoints.checked(address.toString(), "The endpoint");
            return this;
        }

        /**
         * Sets who is asking. Default: the SDK's chain of variables, web identity, profile, container and machine role.
         *
         * @param provider used by several threads; not closed
         */
        public Builder credentials(AwsCredentialsProvider provider) {
            BuilderChecks.once("credentials", credentials);
            credentials = Objects.requireNonNull(provider, "provider");
            return this;
        }

        /**
         * Sets the HTTP client, for proxies, client certificates or pools of one's own. Default: one over the JDK's, which
         * needs no further jar, takes answers of up to 1 MiB and none that is compressed. Another one has its own bounds.
         *
         * @param client used by several threads; not closed
         */
        public Builder httpClient(SdkHttpClient client) {
            BuilderChecks.once("httpClient", httpClient);
            httpClient = Objects.requireNonNull(client, "client");
            return this;
        }

        /**
         * Sets the total time of one operation, all of its requests and answers included. Default 10 seconds, the default
         * deadline of a manager, which counts in any case; 10 ms to 10 minutes.
         *
         * @throws IllegalArgumentException if it is out of that range
         */
        public Builder timeout(Duration total) {
            BuilderChecks.once("timeout", timeout);
            if (total.compareTo(SHORTEST) < 0 || total.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException("timeout must be 10 ms to 10 minutes, not " + total);
            }
            timeout = total;
            return this;
        }

        /** The options. */
        public AwsOptions build() {
            return new AwsOptions(this);
        }
    }
}
