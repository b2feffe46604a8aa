package io.sealwright.kms;

/** How a message's body is encrypted. The default is right unless its Javadoc gives you a reason. */
public enum Suite {
    /** AES-256-GCM with counter nonces under a key of this process alone. The default. */
    AES_256_GCM(1),
    /**
     * XAES-256-GCM (C2SP) with 24 random bytes a message: for processes that may be cloned or restored from a snapshot
     * without notice. About four times the cost of the default for small messages.
     */
    XAES_256_GCM(2),
    /** Reserved. */
    CHACHA20_POLY1305(3),
    /**
     * Chunks of 16 KiB (C2SP chunked-encryption, Cobblestone-256): streams, and every plaintext over 64 KiB. Chosen by
     * the library.
     */
    CHUNKED_AES_256_GCM(4),
    /** One-time pad; chosen by level 3. */
    ONE_TIME_PAD(5);

    private final int id;

    Suite(int id) {
        this.id = id;
    }

    /** The number that stands in the message's header. */
    public int id() {
        return id;
    }
}
