package io.sealwright.kms.core.engine;

import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretSourceProvider;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;

/** Whoever opens master keys by their scheme: providers of keys, and providers of secrets that keys are made of. */
final class MasterKeyProviders {
    /** One scheme's provider. */
    private record Entry(Object provider, Opening opening) {
        interface Opening {
            MasterKey open(MasterKeyUri uri, ProviderSettings settings, PassphrasePolicy passphrases);
        }
    }

    private final Map<String, Entry> byScheme = new TreeMap<>();

    private MasterKeyProviders() {}

    /** Looks through this library's class loader, then through the thread's. */
    static MasterKeyProviders find() {
        MasterKeyProviders found = new MasterKeyProviders();
        ClassLoader own = MasterKeyProviders.class.getClassLoader();
        found.addKeys(
                List.of(ServiceLoader.load(MasterKeyProvider.class, own), ServiceLoader.load(MasterKeyProvider.class)));
        found.addSecrets(List.of(
                ServiceLoader.load(SecretSourceProvider.class, own), ServiceLoader.load(SecretSourceProvider.class)));
        return found;
    }

    private void addKeys(List<ServiceLoader<MasterKeyProvider>> loaders) {
        Set<Class<?>> seen = new HashSet<>();
        for (ServiceLoader<MasterKeyProvider> loader : loaders) {
            for (MasterKeyProvider provider : loader) {
                if (seen.add(provider.getClass())) { // both loaders see it
                    add(
                            provider.schemes(),
                            new Entry(provider, (uri, settings, passphrases) -> provider.open(uri, settings)));
                }
            }
        }
    }

    private void addSecrets(List<ServiceLoader<SecretSourceProvider>> loaders) {
        Set<Class<?>> seen = new HashSet<>();
        for (ServiceLoader<SecretSourceProvider> loader : loaders) {
            for (SecretSourceProvider provider : loader) {
                if (seen.add(provider.getClass())) {
                    add(provider.schemes(), new Entry(provider, (uri, settings, passphrases) -> {
                        SecretSource source = provider.open(uri, settings);
                        if (settings.createMissing()) {
                            boolean unused = SecretMasterKey.createIfMissing(source);
                        }
                        return new SecretMasterKey(source, passphrases, settings);
                    }));
                }
            }
        }
    }

    private void add(Set<String> schemes, Entry entry) {
        for (String scheme : schemes) {
            Entry other = byScheme.putIfAbsent(scheme, entry);
            if (other != null) {
                throw new ConfigurationException(
                        "Two providers serve master keys of the scheme '" + scheme + "'.",
                        "They are " + other.provider().getClass().getName() + " and "
                                + entry.provider().getClass().getName() + ".",
                        "Take one of them off the class path.");
            }
        }
    }

    /**
     * Opens a key.
     *
     * @throws ConfigurationException if no provider serves its scheme; names the artifact that does
     */
    MasterKey open(MasterKeyUri uri, ProviderSettings settings, PassphrasePolicy passphrases) {
        Entry entry = byScheme.get(uri.scheme());
        if (entry == null) {
            String artifact = artifact(uri.scheme());
            throw new ConfigurationException(
                    "No provider serves master keys of the scheme '" + uri.scheme() + "'.",
                    "On the class path are providers of: " + String.join(", ", byScheme.keySet()) + ".",
                    artifact.isEmpty()
                            ? "Correct the scheme, or add the module that has its provider."
                            : "Add the dependency " + artifact + ".");
        }
        return entry.opening().open(uri, settings, passphrases);
    }

    private static String artifact(String scheme) {
        String module = scheme.startsWith("aws-")
                ? "kms-providers-aws"
                : scheme.startsWith("gcp-")
                        ? "kms-providers-gcp"
                        : scheme.startsWith("vault-")
                                ? "kms-providers-vault"
                                : scheme.equals("pkcs11") ? "kms-pkcs11" : "";
        return module.isEmpty() ? "" : "io.sealwright:" + module;
    }
}
