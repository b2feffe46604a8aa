package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretSourceProvider;
import java.util.Set;

/**
 * Opens {@code aws-ssm://PARAMETER} and {@code aws-ssm://PARAMETER?region=REGION}: a {@code SecureString}, named by name or
 * ARN; {@code aws-ssm://shop/key} is the parameter {@code /shop/key}. Region, endpoint and credentials come from where AWS's
 * own programs take them (docs/providers/AWS.md). Other settings than the environment's: {@link AwsParameterStore}.
 */
public final class AwsParameterStoreProvider implements SecretSourceProvider {
    static final String SCHEME = "aws-ssm";

    /** For {@link java.util.ServiceLoader}. */
    public AwsParameterStoreProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads environment and profile, connects to nothing.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI names no parameter, no region is named anywhere,
     *     or a variable is wrong
     */
    @Override
    public SecretSource open(MasterKeyUri uri, ProviderSettings settings) {
        AwsUri parts = AwsUri.of(uri, SCHEME + "://PARAMETER or " + SCHEME + "://PARAMETER?region=REGION");
        StoredName name = StoredName.parameter(parts.name());
        String region = AwsEnvironment.oneOf(name.region(), parts.region());
        AwsOptions options = AwsEnvironment.options(settings, region, "SSM");
        try {
            return AwsParameterStore.open(uri.toString(), name, options, settings.variables());
        } catch (NoClassDefFoundError e) {
            throw AwsEnvironment.missing(SCHEME, "ssm", e);
        }
    }
}
