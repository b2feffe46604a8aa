package io.sealwright.kms.cli;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreProvider;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.spi.Variables;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where the named keys lie: a SQLite file, or what a URL names. */
final class StorePlace {
    private static final String SQLITE = "jdbc:sqlite:";

    private final String url;
    private final @Nullable Path file;
    private final Variables variables;

    private StorePlace(String url, @Nullable Path file, Variables variables) {
        this.url = url;
        this.file = file;
        this.variables = variables;
    }

    /**
     * Finds it; touches nothing.
     *
     * @param given value of {@code --store}, or null
     * @param folder the home, where the store lies if nothing else is said
     * @throws Failure if the URL names no store that can be opened
     */
    static StorePlace of(Variables variables, @Nullable String given, Path folder) {
        String url = given != null ? given : Configured.by(variables, "kms.store.url", "KMS_STORE_URL");
        if (url == null) {
            Path file = folder.resolve("store.db");
            return new StorePlace(SQLITE + file, file, variables);
        }
        if (!url.startsWith(SQLITE)) {
            demandProvider(url, given != null);
            return new StorePlace(url, null, variables);
        }
        String path = url.substring(SQLITE.length());
        if (path.isEmpty() || path.startsWith(":") || path.startsWith("file:") || path.contains("?")) {
            throw unknown(
                    given != null,
                    "It must be jdbc:sqlite: and a path.",
                    "Give jdbc:sqlite:PATH, without parameters.",
                    null);
        }
        Path file = Failure.path(path).toAbsolutePath();
        return new StorePlace(SQLITE + file, file, variables);
    }

    private static void demandProvider(String url, boolean given) {
        try {
            StoreProvider unused = StoreProvider.of(url);
        } catch (ConfigurationException e) {
            throw unknown(given, e.why(), e.remedy(), e);
        }
    }

    private static Failure unknown(boolean given, String why, String remedy, @Nullable Throwable cause) {
        // Not the URL itself: it may hold a password.
        return new Failure(
                given ? Failure.Code.KMS_CLI_USAGE : Failure.Code.KMS_CLI_ENVIRONMENT,
                (given ? "--store" : "KMS_STORE_URL") + " names no store that this release knows.",
                why,
                remedy,
                cause);
    }

    /** The file, or null if it is none. */
    @Nullable
    Path file() {
        return file;
    }

    /**
     * Whether it is there. What may not be looked at, and a link to nothing, is not taken for lost: opening it says why. A
     * file of no bytes is no store: see {@link #cut}.
     */
    boolean isThere() {
        return file != null
                ? (isThere(file) && !isEmpty(file)) || isLinkToNothing(file)
                : with(address -> StoreProvider.of(url).exists(address));
    }

    static boolean isThere(Path file) {
        try {
            file.getFileSystem().provider().checkAccess(file);
            return true;
        } catch (AccessDeniedException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * What to say of a file of no bytes: whoever opens it makes a new store of it, though it may be all that is left of one.
     * Null if it is none.
     */
    @Nullable
    StoreException cut() {
        return file == null || !isEmpty(file)
                ? null
                : new StoreException(
                        ErrorCode.KMS_STORE_CORRUPT,
                        "The store " + file + " is empty.",
                        "A crash or a full disk cut it off, or nothing was made in it yet.",
                        "If it had keys, restore them: kms backup restore FILE. If it never had any, go on with: kms key"
                                + " create NAME");
    }

    private static boolean isEmpty(Path file) {
        try {
            return Files.isRegularFile(file) && Files.size(file) == 0;
        } catch (IOException e) {
            return false; // opening it says why it cannot be looked at
        }
    }

    private static boolean isLinkToNothing(Path file) {
        return Files.isSymbolicLink(file) && !isThere(file);
    }

    /** Of which version its tables are, if that can be told; leaves them as they are. */
    Optional<StoreSchema> schema() {
        return with(address -> StoreProvider.of(url).schema(address));
    }

    /** Opens it; made if it is missing, and brought up to date if it is older. */
    NamedKeyStore open() {
        return with(address -> StoreProvider.of(url).open(address));
    }

    private interface Use<T> {
        T of(StoreAddress address);
    }

    private <T> T with(Use<T> use) {
        if (file != null && isLinkToNothing(file)) {
            throw new StoreException(
                    ErrorCode.KMS_STORE_UNAVAILABLE,
                    "The store " + file + " does not open.",
                    "It is a link to a file that is not there.",
                    "Mount or put back what it leads to; if there never was a store, remove the link.");
        }
        Optional<SecretBytes> password = file != null ? Optional.empty() : variables.secret("KMS_STORE_PASSWORD");
        try (StoreAddress address = StoreAddress.of(
                url, Configured.by(variables, "kms.store.user", "KMS_STORE_USER"), password.orElse(null))) {
            return use.of(address);
        } finally {
            password.ifPresent(SecretBytes::close);
        }
    }

    /** For people: the file, or the URL without what may be secret in it. */
    @Override
    public String toString() {
        return file != null ? file.toString() : StoreAddress.of(url).toString();
    }
}
