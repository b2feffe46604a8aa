package io.sealwright.kms.cli;

import io.sealwright.kms.spi.KeyManagerEngine;
import io.sealwright.kms.spi.KeyManagerSettings.Role;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The master key that commands use: the one that the environment names, else {@code local://default}; and those that the
 * environment names beside it.
 *
 * @param uri its name
 * @param chosen whether the environment named it
 * @param alsoWrapping {@code KMS_ALSO_WRAP_WITH}: what wraps as well
 * @param alsoOpening {@code KMS_ALSO_OPEN_WITH}: what only opens
 */
record MasterKeyChoice(String uri, boolean chosen, List<String> alsoWrapping, List<String> alsoOpening) {
    static final String DEFAULT = "local://default";

    private static final String LOCAL = "local://";
    private static final List<String> CHOOSING = List.of("KMS_PROVIDER", "KMS_MASTER_KEY");
    private static final List<String> PROPERTIES = List.of("kms.provider", "kms.master-key");
    private static final List<String> KEYS = List.of("MASTER_ENCRYPTION_KEY", "ENCRYPTION_KEY");

    /**
     * Finds them; looks at properties and variables alone.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the environment names some, and a variable is missing,
     *     malformed, or contradicts another
     */
    static MasterKeyChoice of(Variables variables) {
        boolean chosen = CHOOSING.stream()
                        .anyMatch(variable -> variables.value(variable).isPresent())
                || KEYS.stream().anyMatch(variables::hasSecret)
                || PROPERTIES.stream()
                        .anyMatch(property -> !System.getProperty(property, "").isEmpty());
        KeyManagerEngine engine = KeyManagerEngine.find();
        String uri = chosen ? Home.canonical(engine.masterKeyOf(variables, System::getProperty)) : DEFAULT;
        var others = engine.otherMasterKeysOf(variables, System::getProperty, uri);
        return new MasterKeyChoice(
                uri,
                chosen,
                others.stream()
                        .filter(other -> other.role() == Role.WRAP_AND_OPEN)
                        .map(other -> Home.canonical(other.uri()))
                        .toList(),
                others.stream()
                        .filter(other -> other.role() == Role.OPEN_ONLY)
                        .map(other -> Home.canonical(other.uri()))
                        .toList());
    }

    /** What wraps: the key, then those named beside it. */
    Set<String> wrapping() {
        return wrapping(uri);
    }

    /** What wraps with another key in this one's place. */
    Set<String> wrapping(String first) {
        Set<String> wrapping = new LinkedHashSet<>(List.of(first));
        wrapping.addAll(alsoWrapping);
        return wrapping;
    }

    /** All that can be there: the key, those named beside it, then the default one, if it is another. */
    Set<String> known(Path home) {
        Set<String> known = new LinkedHashSet<>();
        if (canBeThere(home)) {
            known.add(uri);
        }
        known.addAll(alsoWrapping);
        known.addAll(alsoOpening);
        if (StorePlace.isThere(defaultFile(home))) {
            known.add(DEFAULT);
        }
        return known;
    }

    /** Whether the key can be there: one that lies elsewhere, or its file. */
    boolean canBeThere(Path home) {
        Path file = file(home);
        return file == null || StorePlace.isThere(file);
    }

    /** The key's file in that home; null if it lies elsewhere. */
    @Nullable
    Path file(Path home) {
        return uri.startsWith(LOCAL) ? file(home, uri) : null;
    }

    static Path defaultFile(Path home) {
        return file(home, DEFAULT);
    }

    private static Path file(Path home, String local) {
        return home.resolve("local").resolve(local.substring(LOCAL.length()) + ".key");
    }
}
