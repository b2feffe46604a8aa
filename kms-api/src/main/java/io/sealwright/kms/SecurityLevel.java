package io.sealwright.kms;

/**
 * What a message promises. The levels are no ladder: 2, 3 and 4 protect against different attackers, so a demand for
 * one of them is met by that one alone.
 */
public enum SecurityLevel {
    /** The body travels in the clear; promises nothing. */
    NONE(0),
    /** AES-256 under keys wrapped by master keys or named keys. */
    STANDARD(1),
    /** As standard, the key derived with quantum-distributed key material as well. */
    QUANTUM_AIDED(2),
    /** One-time pad from a key bank. */
    QUANTUM_OTP(3),
    /** Every recipient is post-quantum. */
    POST_QUANTUM(4),
    /** CMS or OpenPGP bytes, through their own door only. */
    LEGACY(5);

    private final int id;

    SecurityLevel(int id) {
        this.id = id;
    }

    /** The number that stands in the message's header. */
    public int id() {
        return id;
    }
}
