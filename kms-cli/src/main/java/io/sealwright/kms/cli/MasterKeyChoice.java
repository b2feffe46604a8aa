package io.sealwright.kms.cli;

import io.sealwright.kms.spi.KeyManagerEngine;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The master key that commands use: the one that the environment names, else {@code local://default}.
 *
 * @param uri its name
 * @param chosen whether the environment named it
 */
record MasterKeyChoice(String uri, boolean chosen) {
    static final String DEFAULT = "local://default";

    private static final String LOCAL = "local://";
    private static final List<String> CHOOSING = List.of("KMS_PROVIDER", "KMS_MASTER_KEY");
    private static final List<String> KEYS = List.of("MASTER_ENCRYPTION_KEY", "ENCRYPTION_KEY");

    /**
     * Finds it; looks at variables alone.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the environment names one, and a variable is missing,
     *     malformed, or contradicts another
     */
    static MasterKeyChoice of(Variables variables) {
        boolean chosen =
                CHOOSING.stream().anyMatch(variable -> variables.value(variable).isPresent())
                        || KEYS.stream().anyMatch(variables::hasSecret);
        return chosen
                ? new MasterKeyChoice(
                        MasterKeyUri.parse(KeyManagerEngine.find().masterKeyOf(variables, System::getProperty))
                                .toString(),
                        true)
                : new MasterKeyChoice(DEFAULT, false);
    }

    /** The key's file in that home; null if it lies elsewhere. */
    @Nullable
    Path file(Path home) {
        return uri.startsWith(LOCAL) ? home.resolve("local").resolve(uri.substring(LOCAL.length()) + ".key") : null;
    }
}
