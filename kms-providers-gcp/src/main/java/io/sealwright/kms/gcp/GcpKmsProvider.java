package io.sealwright.kms.gcp;

import com.google.cloud.kms.v1.KeyManagementServiceClient;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.OnePerSettings;
import io.sealwright.kms.spi.ProviderSettings;
import java.util.Set;

/**
 * Opens {@code gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K}: a key of Google Cloud KMS, with the credentials that
 * {@code GOOGLE_APPLICATION_CREDENTIALS} names or the machine has. Other settings than the environment's: {@link GcpKms}.
 */
public final class GcpKmsProvider implements MasterKeyProvider {
    static final String SCHEME = "gcp-kms";

    private final OnePerSettings<Session<KeyManagementServiceClient>> session = new OnePerSettings<>(
            settings -> Services.kms(GcpEnvironment.options(settings.variables()), settings.deadline()));

    /** For {@link java.util.ServiceLoader}. */
    public GcpKmsProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads the environment, no file, and connects to nothing.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI names no key, or a variable is wrong
     */
    @Override
    public MasterKey open(MasterKeyUri uri, ProviderSettings settings) {
        String key = Names.key(uri);
        return new GcpKmsKey(uri.toString(), key, session.get(settings));
    }
}
