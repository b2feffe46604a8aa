package io.sealwright.kms.core.passphrase;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ClosedException;
import java.security.MessageDigest;
import java.util.Arrays;

/** One passphrase that this process holds, told apart from others by identity. Closing wipes it. */
public final class Passphrase implements AutoCloseable {
    private final SecretBytes text;
    private volatile boolean closed;

    /**
     * Keeps a copy.
     *
     * @param text UTF-8; neither kept nor closed
     */
    public Passphrase(SecretBytes text) {
        byte[] bytes = text.copy();
        this.text = SecretBytes.owning(bytes);
    }

    /** Tells in constant time whether a text is this passphrase. */
    public boolean is(SecretBytes other) {
        byte[] mine = text.copy();
        byte[] theirs = other.copy();
        try {
            return MessageDigest.isEqual(mine, theirs);
        } finally {
            Arrays.fill(mine, (byte) 0);
            Arrays.fill(theirs, (byte) 0);
        }
    }

    /**
     * A copy, which the caller wipes.
     *
     * @throws ClosedException if it was closed
     */
    byte[] copy() {
        try {
            return text.copy();
        } catch (IllegalStateException e) {
            throw new ClosedException(
                    "The passphrase was dropped.",
                    "The place it comes from has it no more, or its manager was closed.",
                    "Repeat the call: it takes the passphrase that is there now.");
        }
    }

    /** Whether it was closed. */
    boolean closed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        text.close();
    }

    @Override
    public String toString() {
        return "Passphrase[redacted]";
    }
}
