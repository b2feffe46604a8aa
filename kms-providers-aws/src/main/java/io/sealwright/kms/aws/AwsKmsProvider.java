package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import java.util.Set;

/**
 * Opens {@code aws-kms://KEY} and {@code aws-kms://KEY?region=REGION}: a symmetric key of AWS KMS, named by its ARN, an
 * alias' ARN, {@code alias/NAME} or its id. Region, endpoint and credentials come from where AWS's own programs take them
 * (docs/providers/AWS.md). Other settings than the environment's: {@link AwsKms}.
 */
public final class AwsKmsProvider implements MasterKeyProvider {
    static final String SCHEME = "aws-kms";

    /** For {@link java.util.ServiceLoader}. */
    public AwsKmsProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads environment and profile, connects to nothing.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI names no key, no region is named anywhere, or a
     *     variable is wrong
     */
    @Override
    public MasterKey open(MasterKeyUri uri, ProviderSettings settings) {
        AwsUri parts = AwsUri.of(uri, SCHEME + "://KEY or " + SCHEME + "://KEY?region=REGION");
        KmsKeyName name = KmsKeyName.parse(parts.name());
        String region = AwsEnvironment.oneOf(name.region(), parts.region());
        return AwsKms.open(
                uri.toString(),
                name,
                AwsEnvironment.options(settings, region, "KMS"),
                settings.time(),
                settings.variables());
    }
}
