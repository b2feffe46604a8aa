package io.sealwright.kms.spi;

import io.sealwright.kms.error.ConfigurationException;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * Opens the stores of some URLs, as {@code KMS_STORE_URL} names one; {@code kms-store-jdbc} has one for
 * {@code jdbc:sqlite:} and {@code jdbc:postgresql:}. Found by {@link ServiceLoader}.
 */
public interface StoreProvider {
    /** Whether this provider is for such a URL, by its beginning; asks nobody. */
    boolean takes(String url);

    /**
     * Whether a store is there already; makes none.
     *
     * @throws ConfigurationException if the URL is malformed, or what it needs is not on the class path
     * @throws io.sealwright.kms.error.StoreException if that cannot be told, since the database does not answer
     */
    boolean exists(StoreAddress address);

    /**
     * Tells of which version a store's tables are, without opening it, which might bring them up to date; changes nothing.
     * The default cannot tell.
     *
     * @return empty if there is no store, or that cannot be told
     * @throws ConfigurationException if the URL is malformed, or what it needs is not on the class path
     * @throws io.sealwright.kms.error.StoreException if the store cannot be reached or read, is damaged, or was written by a
     *     newer release
     */
    default Optional<StoreSchema> schema(StoreAddress address) {
        return Optional.empty();
    }

    /**
     * Opens the store, made if it is missing, and brought up to date if an older release made it.
     *
     * @param address may be closed once this has returned
     * @throws ConfigurationException if the URL is malformed, or what it needs is not on the class path
     * @throws io.sealwright.kms.error.StoreException if the store cannot be reached, read or written, is damaged, or was
     *     written by a newer release
     */
    NamedKeyStore open(StoreAddress address);

    /**
     * The provider for a URL.
     *
     * @throws ConfigurationException if there is none, or more than one
     */
    static StoreProvider of(String url) {
        // The loader of this class first: on the module path the thread's may see other modules.
        List<StoreProvider> found = Stream.concat(
                        ServiceLoader.load(StoreProvider.class, StoreProvider.class.getClassLoader()).stream(),
                        ServiceLoader.load(StoreProvider.class).stream())
                .filter(provider -> StoreProvider.class.isAssignableFrom(provider.type()))
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.takes(url))
                .toList();
        if (found.stream().map(Object::getClass).distinct().count() > 1) {
            throw new ConfigurationException(
                    "More than one module opens stores of this URL.",
                    found.stream()
                                    .map(Object::getClass)
                                    .map(Class::getName)
                                    .distinct()
                                    .toList() + " take it.",
                    "Leave one of them on the class path.");
        }
        return found.stream().findFirst().orElseThrow(() -> unknown(url));
    }

    private static ConfigurationException unknown(String url) {
        boolean known = url.startsWith("jdbc:sqlite:") || url.startsWith("jdbc:postgresql:");
        // Not the URL itself: people put passwords into URLs.
        return new ConfigurationException(
                "The URL of the store names none that can be opened.",
                known
                        ? "The module that opens it is not on the class path."
                        : "No module on the class path opens stores of such a URL.",
                known
                        ? "Add the dependency io.sealwright:kms-store-jdbc, and the driver of the database."
                        : "Give jdbc:sqlite:PATH or jdbc:postgresql://HOST/DATABASE, with io.sealwright:kms-store-jdbc"
                                + " on the class path.");
    }
}
