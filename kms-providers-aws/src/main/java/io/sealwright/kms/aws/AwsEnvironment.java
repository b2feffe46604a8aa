package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Variables;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProviderChain;
import software.amazon.awssdk.regions.providers.SystemSettingsRegionProvider;

/**
 * {@link AwsOptions} out of the variables that AWS's own programs read. What they do not say, the SDK's own chain does: its
 * system properties, profile, container and machine.
 */
final class AwsEnvironment {
    private AwsEnvironment() {}

    /**
     * Reads variables and the profile, connects to nothing.
     *
     * @param named the region that the key's name holds
     * @param service as in {@code KMS}, for its own endpoint's variable
     * @throws ConfigurationException if no region is named anywhere, or a variable is wrong or lacks its other half
     */
    static AwsOptions options(ProviderSettings settings, @Nullable String named, String service) {
        Variables variables = settings.variables();
        String region = named == null ? region(variables) : named;
        AwsOptions.Builder options = AwsOptions.builder().region(region).timeout(settings.deadline());
        URI endpoint = Endpoints.of(variables, service);
        if (endpoint != null) {
            options.endpoint(endpoint);
        }
        return options.build();
    }

    /** A part of the SDK that the application has left out for its weight. */
    static ConfigurationException missing(String scheme, String artifact, NoClassDefFoundError cause) {
        return new ConfigurationException(
                "Keys of the scheme '" + scheme + "' cannot be used.",
                "The part of the AWS SDK that they need is not on the class path.",
                "Add the dependency software.amazon.awssdk:" + artifact + ".",
                cause);
    }

    /** Of a key's name and what stands behind its question mark: one of them, or both alike. */
    static @Nullable String oneOf(@Nullable String ofName, @Nullable String ofQuery) {
        if (ofName != null && ofQuery != null && !ofName.equals(ofQuery)) {
            throw new ConfigurationException(
                    "The master key URI names two regions.",
                    "The ARN's is " + ofName + ", the other " + ofQuery + ".",
                    "Leave 'region=' out: an ARN's region counts.");
        }
        return ofName == null ? ofQuery : ofName;
    }

    /** Not from the instance's metadata service: opening a key asks nobody. */
    static String region(Variables variables) {
        Optional<String> given = variables
                .value("AWS_REGION")
                .or(() -> Optional.ofNullable(System.getProperty("aws.region")))
                .or(() -> variables.value("AWS_DEFAULT_REGION"));
        if (given.isPresent()) {
            return given.get();
        }
        try {
            String profile = variables.value("AWS_PROFILE").orElse(null);
            Region found = new AwsRegionProviderChain(
                            new SystemSettingsRegionProvider(),
                            new AwsProfileRegionProvider(ProfileFile::defaultProfileFile, profile))
                    .getRegion();
            if (found != null) {
                return found.id();
            }
        } catch (SdkClientException e) {
            // None of them knows one; what it says goes without saying.
        }
        throw new ConfigurationException(
                "AWS_REGION is not set.",
                "The key's name holds no region, and neither does the profile.",
                "Set AWS_REGION, write ?region=REGION behind the name, or give the key's ARN.");
    }

    /**
     * Variables count first, as they are what the program was given; the rest is the SDK's own chain. To be closed, if it
     * can be.
     */
    static AwsCredentialsProvider credentials(Variables variables, String region) {
        Optional<String> id = variables.value("AWS_ACCESS_KEY_ID");
        Optional<String> secret = variables.value("AWS_SECRET_ACCESS_KEY");
        if (id.isPresent() != secret.isPresent()) {
            throw new ConfigurationException(
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set.",
                    "Only " + (id.isPresent() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") + " is.",
                    "Set both, or neither where the machine has a role or a profile.");
        }
        if (id.isPresent()) {
            AwsCredentials credentials = variables
                    .value("AWS_SESSION_TOKEN")
                    .<AwsCredentials>map(token -> AwsSessionCredentials.create(id.get(), secret.get(), token))
                    .orElseGet(() -> AwsBasicCredentials.create(id.get(), secret.get()));
            return StaticCredentialsProvider.create(credentials);
        }
        Optional<String> token = variables.value("AWS_WEB_IDENTITY_TOKEN_FILE");
        Optional<String> role = variables.value("AWS_ROLE_ARN");
        if (token.isPresent() && role.isPresent()) {
            return WebIdentity.of(variables, region, Path.of(token.get()), role.get());
        }
        DefaultCredentialsProvider.Builder chain = DefaultCredentialsProvider.builder();
        variables.value("AWS_PROFILE").ifPresent(chain::profileName);
        return chain.build();
    }
}
