package io.sealwright.kms;

/** A plaintext with what the message's verified header said. Prints no plaintext; keeps identity equality. */
public final class DecryptionResult {
    private final byte[] plaintext;
    private final String keyId;
    private final Suite suite;
    private final SecurityLevel level;
    private final EncryptionContext context;

    /**
     * Makes the result: for engines.
     *
     * @param plaintext taken over
     * @param keyId id of the recipient that opened it, or of the named key's version
     * @param suite how the body was encrypted
     * @param level what it promises
     * @param context the pairs bound to it
     */
    public DecryptionResult(
            byte[] plaintext, String keyId, Suite suite, SecurityLevel level, EncryptionContext context) {
        this.plaintext = plaintext;
        this.keyId = keyId;
        this.suite = suite;
        this.level = level;
        this.context = context;
    }

    /** The plaintext; the caller's own array, to wipe when done. */
    public byte[] plaintext() {
        return plaintext;
    }

    /** The id of the recipient that opened it, or of the named key's version. */
    public String keyId() {
        return keyId;
    }

    /** How the body was encrypted. */
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
    public String toString() {
        return "DecryptionResult[" + plaintext.length + " bytes, " + suite + ", " + level + ", key " + keyId + "]";
    }
}
