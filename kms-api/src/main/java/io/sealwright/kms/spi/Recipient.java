package io.sealwright.kms.spi;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a header that can give back the root: which key, and the root wrapped by it. Holds no secret. Until a
 * header's authentication has been checked an id is only ever compared, never resolved.
 */
public final class Recipient {
    /** The longest id in bytes. */
    public static final int MAX_ID_BYTES = 2048;

    /** The longest wrap in bytes. */
    public static final int MAX_WRAP_BYTES = 8192;

    private final int kind;
    private final byte[] id;
    private final byte[] wrap;

    /**
     * Copies both arrays.
     *
     * @param kind number of the kind, 1 to 255
     * @param id the key's resolved id, 1 to 2048 bytes
     * @param wrap the wrapped key, 1 to 8192 bytes
     * @throws IllegalArgumentException if a length is out of bounds
     */
    public Recipient(int kind, byte[] id, byte[] wrap) {
        if (kind < 1 || kind > 255) {
            throw new IllegalArgumentException("recipient kind must be 1 to 255, not " + kind);
        }
        if (id.length < 1 || id.length > MAX_ID_BYTES) {
            throw new IllegalArgumentException("recipient id must have 1 to 2048 bytes, not " + id.length);
        }
        if (wrap.length < 1 || wrap.length > MAX_WRAP_BYTES) {
            throw new IllegalArgumentException("wrap must have 1 to 8192 bytes, not " + wrap.length);
        }
        this.kind = kind;
        this.id = id.clone();
        this.wrap = wrap.clone();
    }

    /** The kind's number. */
    public int kind() {
        return kind;
    }

    /** The key's id; a copy. */
    public byte[] id() {
        return id.clone();
    }

    /** The wrapped key; a copy. */
    public byte[] wrap() {
        return wrap.clone();
    }

    /** Tells whether kind and id are those given; without a copy. */
    public boolean names(RecipientKind otherKind, byte[] otherId) {
        return kind == otherKind.id() && Arrays.equals(id, otherId);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Recipient that
                && kind == that.kind
                && Arrays.equals(id, that.id)
                && Arrays.equals(wrap, that.wrap);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * kind + Arrays.hashCode(id)) + Arrays.hashCode(wrap);
    }

    @Override
    public String toString() {
        return "Recipient[kind " + kind + ", id of " + id.length + " bytes, wrap of " + wrap.length + " bytes]";
    }
}
