package io.sealwright.kms.gcp;

import com.google.cloud.secretmanager.v1.SecretManagerServiceClient;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.OnePerSettings;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretSourceProvider;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Opens {@code gcp-secretmanager://projects/P/secrets/S}: a key kept in Google Secret Manager, with the credentials that
 * {@code GOOGLE_APPLICATION_CREDENTIALS} names or the machine has. Other settings than the environment's:
 * {@link GcpSecretManager}.
 */
public final class GcpSecretManagerProvider implements SecretSourceProvider {
    static final String SCHEME = "gcp-secretmanager";

    private final Map<String, OnePerSettings<Session<SecretManagerServiceClient>>> byLocation =
            new ConcurrentHashMap<>();

    /** For {@link java.util.ServiceLoader}. */
    public GcpSecretManagerProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads the environment, no file, and connects to nothing.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI names no secret, or a variable is wrong
     */
    @Override
    public SecretSource open(MasterKeyUri uri, ProviderSettings settings) {
        String secret = Names.secret(uri);
        OnePerSettings<Session<SecretManagerServiceClient>> session = byLocation.computeIfAbsent(
                Names.location(secret),
                location -> new OnePerSettings<>(same ->
                        Services.secretManager(GcpEnvironment.options(same.variables()), location, same.deadline())));
        return new GcpSecretSource(uri.toString(), secret, session.get(settings));
    }
}
