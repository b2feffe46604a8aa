package io.sealwright.kms.vault;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.UnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A token, password or other secret that proves who we are: given, or read from a file each time it is needed, so that
 * an agent or the platform may renew it there. Never printed.
 */
final class Credential {
    private static final int MOST_BYTES = 64 * 1024;

    private final String name;
    private final @Nullable Path file;
    private final Supplier<@Nullable String> source;

    private Credential(String name, @Nullable Path file, Supplier<@Nullable String> source) {
        this.name = name;
        this.file = file;
        this.source = source;
    }

    /** @throws ConfigurationException if it is empty */
    static Credential of(String name, String secret) {
        if (secret.isEmpty()) {
            throw new ConfigurationException(
                    "The " + name + " is empty.",
                    "Nothing was given.",
                    "Give the " + name + ", or a file that holds it.");
        }
        return new Credential(name, null, () -> secret);
    }

    /** Asked for anew each time; null and empty are no credential. */
    static Credential from(String name, Supplier<@Nullable String> source) {
        return new Credential(name, null, source);
    }

    /** One line; a final newline is dropped. Read anew each time. */
    static Credential file(String name, Path file) {
        return new Credential(name, file, () -> null);
    }

    /**
     * The secret as it is now. May read a file.
     *
     * @throws UnavailableException if there is none: it may come back
     */
    String read() {
        String secret = file == null ? source.get() : contents(file);
        if (secret == null || secret.isEmpty()) {
            throw missing(file == null ? "None is set." : "The file " + file + " is empty.", null);
        }
        return secret;
    }

    /** A hash of the secret as it is now; of nothing if there is none. */
    byte[] fingerprint() {
        byte[] bytes = new byte[0];
        try {
            bytes = read().getBytes(StandardCharsets.UTF_8);
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (UnavailableException e) {
            return bytes;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** {@link #read} for a header or a path: anything else than visible ASCII could become another header. */
    String readVisible() {
        String secret = read();
        if (!secret.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
            throw missing(
                    "What is there" + (file == null ? "" : " in " + file) + " has characters that no " + name + " has.",
                    null);
        }
        return secret;
    }

    private String contents(Path from) {
        try {
            if (Files.size(from) > MOST_BYTES) {
                throw missing("The file " + from + " has more than " + MOST_BYTES + " bytes.", null);
            }
            String text = Files.readString(from, StandardCharsets.UTF_8);
            return text.endsWith("\r\n")
                    ? text.substring(0, text.length() - 2)
                    : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        } catch (IOException e) {
            // Its message may show no more than the path and "malformed input".
            throw missing("The file " + from + " cannot be read.", e);
        }
    }

    private UnavailableException missing(String why, @Nullable Throwable cause) {
        return new UnavailableException(
                "There is no " + name + " to log in with.",
                why,
                "Put it there; it is read again at the next call.",
                cause);
    }

    @Override
    public String toString() {
        return "Credential[" + name + "]";
    }
}
