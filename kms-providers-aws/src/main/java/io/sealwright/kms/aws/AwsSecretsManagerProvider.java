package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretSourceProvider;
import java.util.Set;

/**
 * Opens {@code aws-secretsmanager://SECRET} and {@code aws-secretsmanager://SECRET?region=REGION}: the field {@code key} of
 * a JSON secret, named by name or ARN. Region, endpoint and credentials come from where AWS's own programs take them
 * (docs/providers/AWS.md). Other settings than the environment's: {@link AwsSecretsManager}.
 */
public final class AwsSecretsManagerProvider implements SecretSourceProvider {
    static final String SCHEME = "aws-secretsmanager";

    /** For {@link java.util.ServiceLoader}. */
    public AwsSecretsManagerProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads environment and profile, connects to nothing.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI names no secret, no region is named anywhere, or a
     *     variable is wrong
     */
    @Override
    public SecretSource open(MasterKeyUri uri, ProviderSettings settings) {
        AwsUri parts = AwsUri.of(uri, SCHEME + "://SECRET or " + SCHEME + "://SECRET?region=REGION");
        StoredName name = StoredName.secret(parts.name());
        String region = AwsEnvironment.oneOf(name.region(), parts.region());
        AwsOptions options = AwsEnvironment.options(settings, region, "SECRETS_MANAGER");
        try {
            return AwsSecretsManager.open(uri.toString(), name, options, settings.variables());
        } catch (NoClassDefFoundError e) {
            throw AwsEnvironment.missing(SCHEME, "secretsmanager", e);
        }
    }
}
