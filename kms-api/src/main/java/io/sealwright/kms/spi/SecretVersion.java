package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One version of a secret as its store gave it. Holds the secret; closing wipes it. */
public final class SecretVersion implements AutoCloseable {
    /** What the bytes are. */
    public enum Form {
        /** A key of 32 bytes. */
        KEY,
        /** A passphrase in UTF-8, from which a key has to be stretched. */
        PASSPHRASE
    }

    private final String name;
    private final Form form;
    private final SecretBytes secret;
    private final @Nullable Instant created;

    private SecretVersion(String name, Form form, SecretBytes secret, @Nullable Instant created) {
        this.name = Objects.requireNonNull(name, "name");
        this.form = form;
        this.secret = Objects.requireNonNull(secret, "secret");
        this.created = created;
    }

    /**
     * A key. Takes {@code key} over.
     *
     * @param name what the store calls this version, for people: a number, an id, a variable's name
     * @param key 32 bytes
     * @param created when it was made, if the store tells
     * @throws IllegalArgumentException if the key has another length; it is closed
     */
    public static SecretVersion key(String name, SecretBytes key, @Nullable Instant created) {
        if (key.length() != KeyText.KEY_BYTES) {
            key.close();
            throw new IllegalArgumentException(
                    "a key must have " + KeyText.KEY_BYTES + " bytes, not " + key.length() + ": " + name);
        }
        return new SecretVersion(name, Form.KEY, key, created);
    }

    /**
     * A passphrase. Takes {@code passphrase} over.
     *
     * @param name what the store calls this version, for people
     * @param passphrase UTF-8, at least one byte
     * @param created when it was made, if the store tells
     * @throws IllegalArgumentException if it is empty
     */
    public static SecretVersion passphrase(String name, SecretBytes passphrase, @Nullable Instant created) {
        if (passphrase.length() == 0) {
            throw new IllegalArgumentException("a passphrase must have at least one byte: " + name);
        }
        return new SecretVersion(name, Form.PASSPHRASE, passphrase, created);
    }

    /** What the store calls this version, for people. */
    public String name() {
        return name;
    }

    /** What the bytes are. */
    public Form form() {
        return form;
    }

    /** The bytes; closed with this object. */
    public SecretBytes secret() {
        return secret;
    }

    /** When it was made, if the store tells. */
    public Optional<Instant> created() {
        return Optional.ofNullable(created);
    }

    @Override
    public void close() {
        secret.close();
    }

    @Override
    public String toString() {
        return "SecretVersion[" + name + ", " + form + ", redacted]";
    }
}
