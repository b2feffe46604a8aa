package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import java.util.Objects;

/** A fresh key and its wrap. Closing wipes the key. */
public final class GeneratedKey implements AutoCloseable {
    private final SecretBytes key;
    private final Recipient recipient;

    /**
     * Takes {@code key} over.
     *
     * @param key 32 bytes
     * @param recipient the same key, wrapped
     */
    public GeneratedKey(SecretBytes key, Recipient recipient) {
        this.key = Objects.requireNonNull(key, "key");
        this.recipient = Objects.requireNonNull(recipient, "recipient");
    }

    /** The key; closed with this object. */
    public SecretBytes key() {
        return key;
    }

    /** The wrap. */
    public Recipient recipient() {
        return recipient;
    }

    @Override
    public void close() {
        key.close();
    }

    @Override
    public String toString() {
        return "GeneratedKey[redacted]";
    }
}
