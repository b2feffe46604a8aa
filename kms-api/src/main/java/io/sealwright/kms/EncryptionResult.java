package io.sealwright.kms;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A sealed message with what was chosen for it. Holds no secret. */
public final class EncryptionResult {
    private final byte[] message;
    private final String keyId;
    private final Suite suite;
    private final SecurityLevel level;
    private final EncryptionContext context;

    /**
     * Makes the result: for engines.
     *
     * @param message taken over
     * @param keyId id of the first recipient, or of the named key's version
     * @param suite how the body is encrypted
     * @param level what it promises
     * @param context the pairs bound to it
     */
    public EncryptionResult(byte[] message, String keyId, Suite suite, SecurityLevel level, EncryptionContext context) {
        this.message = message;
        this.keyId = keyId;
        this.suite = suite;
        this.level = level;
        this.context = context;
    }

    /** The message; the caller's own array. */
    public byte[] message() {
        return message;
    }

    /** The id of the first recipient, or of the named key's version. */
    public String keyId() {
        return keyId;
    }

    /** How the body is encrypted. */
    public Suite suite() {
        return suite;
    }

    /** What the message promises. */
    public SecurityLevel level() {
        return level;
    }

    /** The pairs bound to it. */
    public EncryptionContext context() {
        return context;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof EncryptionResult that && Arrays.equals(message, that.message);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(message);
    }

    @Override
    public String toString() {
        return "EncryptionResult[" + message.length + " bytes, " + suite + ", " + level + ", key " + keyId + "]";
    }
}
