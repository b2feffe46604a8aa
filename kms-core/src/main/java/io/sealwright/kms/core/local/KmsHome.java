package io.sealwright.kms.core.local;

import io.sealwright.kms.error.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Finds the folder in which this library keeps its files: keys in {@code local/}, the embedded store. */
public final class KmsHome {
    private KmsHome() {}

    /**
     * The given folder, else {@code KMS_HOME}, else {@code $XDG_DATA_HOME/sealwright}, else
     * {@code ~/.local/share/sealwright}. Makes nothing; an empty variable counts as not set, and so does an
     * {@code XDG_DATA_HOME} that is not absolute, as its specification asks.
     *
     * @param given from the builder, or null
     * @return an absolute path
     * @throws ConfigurationException if there is no home directory either, or {@code KMS_HOME} is no path
     */
    public static Path resolve(@Nullable Path given) {
        return resolve(given, System::getenv, System.getProperty("user.home", ""));
    }

    static Path resolve(@Nullable Path given, Function<String, @Nullable String> environment, String userHome) {
        if (given != null) {
            return given.toAbsolutePath();
        }
        String kmsHome = environment.apply("KMS_HOME");
        if (kmsHome != null && !kmsHome.isEmpty()) {
            try {
                return Path.of(kmsHome).toAbsolutePath();
            } catch (InvalidPathException e) {
                throw new ConfigurationException(
                        "KMS_HOME is no path.",
                        "This system does not allow its value as the name of a folder.",
                        "Set KMS_HOME to a folder of your own, such as /var/lib/sealwright.",
                        e);
            }
        }
        Path data = absolute(environment.apply("XDG_DATA_HOME"));
        if (data != null) {
            return data.resolve("sealwright");
        }
        // The shell's ~ is HOME; Java's user.home is the user database's, which in containers often is "?" or "/".
        Path home = absolute(environment.apply("HOME"));
        if (home == null || !Files.isDirectory(home)) {
            home = absolute(userHome);
        }
        if (home == null || !Files.isDirectory(home)) {
            throw new ConfigurationException(
                    "There is no folder for keys and the store.",
                    "KMS_HOME and XDG_DATA_HOME are not set, and this user has no home directory.",
                    "Set KMS_HOME to a folder that this user may write to, such as /var/lib/sealwright.");
        }
        return home.resolve(".local").resolve("share").resolve("sealwright");
    }

    private static @Nullable Path absolute(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        try {
            Path path = Path.of(text);
            return path.isAbsolute() ? path : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }
}
