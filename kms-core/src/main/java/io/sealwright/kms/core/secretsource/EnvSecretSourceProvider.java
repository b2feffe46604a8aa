package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretSourceProvider;
import java.util.Set;
import java.util.regex.Pattern;

/** Opens {@code env://NAME}: the key in the environment variable {@code NAME}, or in the file that {@code NAME_FILE} names. */
public final class EnvSecretSourceProvider implements SecretSourceProvider {
    private static final String SCHEME = "env";
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    /** For {@link java.util.ServiceLoader}. */
    public EnvSecretSourceProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads the variable at once: one that is missing or malformed must stop the start.
     *
     * @throws ConfigurationException if the URI names no variable, or what it names holds no key
     * @throws io.sealwright.kms.error.KeyNotFoundException if it is not set
     */
    @Override
    public SecretSource open(MasterKeyUri uri, ProviderSettings settings) {
        if (!NAME.matcher(uri.rest()).matches()) {
            throw new ConfigurationException(
                    "The master key URI of scheme 'env' names no variable.",
                    "A name has 1 to 128 of A-Z a-z 0-9 _ and does not begin with a digit.",
                    "Give something like env://" + EnvSecretSource.MASTER + ".");
        }
        EnvSecretSource source = new EnvSecretSource(uri.rest(), settings.variables());
        if (!settings.createMissing()) {
            source.fetch().close();
        }
        return source;
    }
}
