package io.sealwright.kms.pkcs11;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Variables;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The PIN of the token's normal user, in UTF-8: given, or read from a file or a variable each time it is needed, so that
 * it may be changed there. Never printed.
 */
final class Pin {
    /** CK_TOKEN_INFO may allow less. */
    private static final int MOST_BYTES = 1024;

    /** Gives a copy, which the caller wipes; null if there is none. */
    private interface Source {
        byte @Nullable [] read();
    }

    private final String name;
    private final Source source;
    private final @Nullable SecretBytes held;

    private Pin(String name, Source source, @Nullable SecretBytes held) {
        this.name = name;
        this.source = source;
        this.held = held;
    }

    /** None: the token needs none, has a PIN pad, or somebody else logs in. */
    static Pin none() {
        return new Pin("none", () -> null, null);
    }

    /**
     * Copies the characters.
     *
     * @throws ConfigurationException if there are none, or too many
     */
    static Pin of(char[] pin) {
        byte[] room = new byte[3 * pin.length]; // of a char in UTF-8, at most
        ByteBuffer encoded = ByteBuffer.wrap(room);
        try {
            boolean whole = !StandardCharsets.UTF_8
                    .newEncoder()
                    .encode(CharBuffer.wrap(pin), encoded, true)
                    .isError();
            return held(Arrays.copyOf(room, whole ? encoded.position() : 0));
        } finally {
            Arrays.fill(room, (byte) 0);
        }
    }

    private static Pin held(byte[] owned) {
        if (owned.length == 0 || owned.length > MOST_BYTES) {
            throw new ConfigurationException(
                    "The PIN of the token cannot be used.",
                    "It must have 1 to " + MOST_BYTES + " bytes in UTF-8, and be well-formed text.",
                    "Give the PIN of the token's normal user.");
        }
        SecretBytes secret = SecretBytes.owning(owned);
        return new Pin("given", () -> copy(secret), secret);
    }

    private static byte[] copy(SecretBytes secret) {
        try {
            return secret.copy();
        } catch (IllegalStateException e) {
            throw NativeCalls.closed(e);
        }
    }

    /** One line; a final newline is dropped. Read anew for each login. */
    static Pin file(Path file) {
        return new Pin("file " + file, () -> contents(file), null);
    }

    /** A variable, or the file that {@code name_FILE} names; asked for anew for each login. */
    static Pin variable(Variables variables, String name) {
        return new Pin("variable " + name, () -> secret(variables, name), null);
    }

    /** The same PIN, with an end of its own. */
    Pin copy() {
        return held == null ? this : held(held.copy());
    }

    /**
     * The PIN as it is now, a copy that the caller wipes; null if none is set. May read a file.
     *
     * @throws UnavailableException if it cannot be read: that may change
     */
    byte @Nullable [] read() {
        return source.read();
    }

    /** Wipes it. */
    void close() {
        if (held != null) {
            held.close();
        }
    }

    private static byte @Nullable [] secret(Variables variables, String name) {
        try {
            Optional<SecretBytes> secret = variables.secret(name);
            if (secret.isEmpty()) {
                return null;
            }
            try (SecretBytes open = secret.get()) {
                return open.copy();
            }
        } catch (ConfigurationException e) {
            // A file that is not there now may be there at the next login.
            throw new UnavailableException(
                    "There is no PIN to log in to the token with.",
                    e.what() + " " + e.why(),
                    "Put it there; it is read again at the next login.",
                    e);
        }
    }

    private static byte[] contents(Path file) {
        byte[] content = new byte[0];
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(MOST_BYTES + 3);
            int length = content.length;
            if (length > 0 && content[length - 1] == '\n') {
                length -= length > 1 && content[length - 2] == '\r' ? 2 : 1;
            }
            if (length == 0 || length > MOST_BYTES) {
                throw unreadable(file, "It is empty, or has more than " + MOST_BYTES + " bytes.", null);
            }
            return Arrays.copyOf(content, length);
        } catch (IOException e) {
            throw unreadable(file, Files.exists(file) ? "It cannot be read." : "It is not there.", e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private static UnavailableException unreadable(Path file, String why, @Nullable IOException cause) {
        return new UnavailableException(
                "There is no PIN to log in to the token with: the file " + file + " holds none.",
                why,
                "Put the PIN there, readable by this user alone; it is read again at the next login.",
                cause);
    }

    @Override
    public String toString() {
        return "Pin[" + name + "]";
    }
}
