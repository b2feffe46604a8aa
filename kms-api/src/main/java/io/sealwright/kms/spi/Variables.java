package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Environment variables, of this process or as a test gives them. An empty one counts as not set. A secret {@code X} may
 * come from a file instead: {@code X_FILE} names it. Safe for concurrent use.
 */
public final class Variables {
    /** The longest secret, from a file or as a value, in bytes. */
    public static final int MAX_SECRET_BYTES = 64 << 10;

    private static final String FILE = "_FILE";
    private static final Variables OF_PROCESS = new Variables(System::getenv);

    private final Function<String, @Nullable String> lookup;

    private Variables(Function<String, @Nullable String> lookup) {
        this.lookup = lookup;
    }

    /** Those of this process; always the same object. */
    public static Variables ofProcess() {
        return OF_PROCESS;
    }

    /** These and no others; copied. */
    public static Variables of(Map<String, String> variables) {
        return new Variables(Map.copyOf(variables)::get);
    }

    /** A variable's value; empty if it is not set or has no characters. */
    public Optional<String> value(String name) {
        String value = lookup.apply(Objects.requireNonNull(name, "name"));
        return value == null || value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    /** Tells whether a secret is there, as a value or as a file's name; looks at no file. */
    public boolean hasSecret(String name) {
        return value(name).isPresent() || value(name + FILE).isPresent();
    }

    /** The file that holds a secret; empty if none is named. Looks at no file. */
    public Optional<Path> fileOf(String name) {
        return value(name + FILE).map(path -> {
            try {
                return Path.of(path);
            } catch (InvalidPathException e) {
                throw new ConfigurationException(
                        name + FILE + " names no file.",
                        "This system does not allow its value as the name of one.",
                        "Set it to the path of the file that holds " + name + ".",
                        e);
            }
        });
    }

    /**
     * A secret in UTF-8, which the caller closes: the variable's value, or the content of the file that {@code X_FILE}
     * names, without one newline (LF or CR LF) at its end. Reads the file anew each time; may block on it.
     *
     * @return empty if neither is set
     * @throws ConfigurationException if both are set, or the file is missing, cannot be read, is empty, or has more than
     *     {@link #MAX_SECRET_BYTES}
     */
    public Optional<SecretBytes> secret(String name) {
        Optional<String> value = value(name);
        Optional<Path> file = fileOf(name);
        if (value.isPresent() && file.isPresent()) {
            throw new ConfigurationException(
                    name + " and " + name + FILE + " are both set.",
                    "Which of the two holds the secret cannot be told.",
                    "Unset one of them.");
        }
        return value.isPresent()
                ? value.map(text -> SecretBytes.owning(text.getBytes(StandardCharsets.UTF_8)))
                : file.map(path -> read(name, path));
    }

    private static SecretBytes read(String name, Path file) {
        byte[] content = new byte[0];
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(MAX_SECRET_BYTES + 3);
            int length = content.length;
            if (length > 0 && content[length - 1] == '\n') {
                length -= length > 1 && content[length - 2] == '\r' ? 2 : 1;
            }
            if (length > MAX_SECRET_BYTES) {
                throw unusable(name, file, "It has more than " + MAX_SECRET_BYTES + " bytes.", null);
            }
            if (length == 0) {
                throw unusable(name, file, "It is empty.", null);
            }
            return SecretBytes.owning(Arrays.copyOf(content, length));
        } catch (IOException e) {
            boolean missing = !Files.exists(file);
            throw unusable(name, file, missing ? "It is not there." : "It cannot be read.", e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private static ConfigurationException unusable(String name, Path file, String why, @Nullable IOException cause) {
        return new ConfigurationException(
                "The file " + file + ", which " + name + FILE + " names, holds no secret.",
                why,
                "Put " + name + "'s value into that file, readable by this user, or correct " + name + FILE + ".",
                cause);
    }

    @Override
    public String toString() {
        return "Variables[redacted]";
    }
}
