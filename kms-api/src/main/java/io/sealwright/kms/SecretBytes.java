package io.sealwright.kms;

import java.util.Arrays;

/**
 * Secret bytes that own their copy, wipe it on close, and never print it. Safe for concurrent use. Wiping covers this
 * object's array; copies handed out belong to whoever asked.
 */
public final class SecretBytes implements AutoCloseable {
    private final byte[] bytes; // guarded by this
    private boolean closed; // guarded by this

    private SecretBytes(byte[] owned) {
        this.bytes = owned;
    }

    /**
     * Copies {@code source}, which stays the caller's to wipe.
     *
     * @param source any length; read during the call
     */
    public static SecretBytes copyOf(byte[] source) {
        return new SecretBytes(source.clone());
    }

    /**
     * Takes {@code source} over: the caller must neither use nor keep it.
     *
     * @param source any length; wiped on close
     */
    public static SecretBytes owning(byte[] source) {
        return new SecretBytes(source);
    }

    /**
     * Hands out a copy, which the caller wipes.
     *
     * @throws IllegalStateException if closed
     */
    public synchronized byte[] copy() {
        if (closed) {
            throw new IllegalStateException("the secret was closed");
        }
        return bytes.clone();
    }

    /** Length in bytes. */
    public int length() {
        return bytes.length;
    }

    @Override
    public synchronized void close() {
        Arrays.fill(bytes, (byte) 0);
        closed = true;
    }

    @Override
    public String toString() {
        return "SecretBytes[redacted]";
    }
}
