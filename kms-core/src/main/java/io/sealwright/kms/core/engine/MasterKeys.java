package io.sealwright.kms.core.engine;

import io.sealwright.kms.core.local.KmsHome;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.KeyManagerSettings;
import io.sealwright.kms.spi.KeyManagerSettings.MasterKeyChoice;
import io.sealwright.kms.spi.KeyManagerSettings.Role;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Variables;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The manager's master keys: opened by the provider of their scheme, or given by the caller. */
final class MasterKeys implements AutoCloseable {
    static final String EMBEDDED_URI = "local://default";

    private final List<MasterKey> wrapping = new ArrayList<>();
    private final List<MasterKey> opening = new ArrayList<>();

    private MasterKeys() {}

    static MasterKeys open(KeyManagerSettings settings) {
        MasterKeys keys = new MasterKeys();
        try {
            Map<String, MasterKeyProvider> providers =
                    settings.masterKeys().stream().allMatch(c -> c.key() != null) && !settings.embedded()
                            ? Map.of()
                            : providers();
            if (settings.embedded()) {
                keys.add(new MasterKeyChoice(Role.WRAP_AND_OPEN, EMBEDDED_URI, null), settings, providers, true);
            }
            for (MasterKeyChoice choice : settings.masterKeys()) {
                keys.add(choice, settings, providers, false);
            }
            return keys;
        } catch (RuntimeException | Error e) {
            keys.close();
            throw e;
        }
    }

    private void add(
            MasterKeyChoice choice,
            KeyManagerSettings settings,
            Map<String, MasterKeyProvider> providers,
            boolean create) {
        if (opening.stream().anyMatch(key -> key.uri().equals(choice.uri()))) {
            throw new ConfigurationException(
                    "The master key " + choice.uri() + " is given twice.",
                    "embedded() has it already.",
                    "Leave one of the two out.");
        }
        MasterKey key = choice.key() != null ? choice.key() : opened(choice.uri(), settings, providers, create);
        opening.add(key);
        if (choice.role() == Role.WRAP_AND_OPEN) {
            wrapping.add(key);
        }
    }

    private static MasterKey opened(
            String text, KeyManagerSettings settings, Map<String, MasterKeyProvider> providers, boolean create) {
        MasterKeyUri uri = MasterKeyUri.parse(text);
        MasterKeyProvider provider = providers.get(uri.scheme());
        if (provider == null) {
            throw new ConfigurationException(
                    "No provider serves master keys of the scheme '" + uri.scheme() + "'.",
                    "On the class path are providers of: " + String.join(", ", new TreeSet<>(providers.keySet())) + ".",
                    "Correct the scheme, or add the module that has its provider" + artifact(uri.scheme()) + ".");
        }
        return provider.open(
                uri,
                new ProviderSettings(
                        KmsHome.resolve(settings.home()),
                        create,
                        settings.deadline(),
                        settings.time(),
                        Variables.ofProcess(),
                        settings.dataKeys(),
                        settings.outage()));
    }

    private static String artifact(String scheme) {
        @Nullable
        String module = scheme.startsWith("aws-")
                ? "kms-providers-aws"
                : scheme.startsWith("gcp-")
                        ? "kms-providers-gcp"
                        : scheme.startsWith("vault-")
                                ? "kms-providers-vault"
                                : scheme.equals("pkcs11") ? "kms-pkcs11" : null;
        return module == null ? "" : " (io.sealwright:" + module + ")";
    }

    private static Map<String, MasterKeyProvider> providers() {
        Map<String, MasterKeyProvider> byScheme = new LinkedHashMap<>();
        Set<Class<?>> seen = new java.util.HashSet<>();
        List<ServiceLoader<MasterKeyProvider>> loaders = List.of(
                ServiceLoader.load(MasterKeyProvider.class, MasterKeys.class.getClassLoader()),
                ServiceLoader.load(MasterKeyProvider.class));
        for (ServiceLoader<MasterKeyProvider> loader : loaders) {
            for (MasterKeyProvider provider : loader) {
                if (!seen.add(provider.getClass())) {
                    continue; // both loaders see it
                }
                for (String scheme : provider.schemes()) {
                    MasterKeyProvider other = byScheme.putIfAbsent(scheme, provider);
                    if (other != null) {
                        throw new ConfigurationException(
                                "Two providers serve master keys of the scheme '" + scheme + "'.",
                                "They are " + other.getClass().getName() + " and "
                                        + provider.getClass().getName() + ".",
                                "Take one of them off the class path.");
                    }
                }
            }
        }
        return byScheme;
    }

    /** Those that wrap, in order; empty for a decrypt-only manager. */
    List<MasterKey> wrapping() {
        return List.copyOf(wrapping);
    }

    /** All, in order. */
    List<MasterKey> opening() {
        return List.copyOf(opening);
    }

    /** The one of that URI that wraps. */
    MasterKey wrapping(String uri) {
        for (MasterKey key : wrapping) {
            if (key.uri().equals(uri)) {
                return key;
            }
        }
        throw new ConfigurationException(
                "'" + uri + "' is not one of this manager's master keys that wrap.",
                "They are: " + wrapping.stream().map(MasterKey::uri).toList() + ".",
                "Build the manager with .masterKey(...) or .alsoWrapWith(...) for it.");
    }

    /** The error of a manager that may not seal. */
    static RefusedException decryptOnly() {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "This key manager only decrypts.",
                "It was built with alsoOpenWith(...) alone, so no master key may wrap a data key.",
                "Build it with masterKey(...), or seal under a named key of its store.");
    }

    @Override
    public void close() {
        opening.forEach(MasterKey::close);
    }
}
