package io.sealwright.kms;

import java.util.Objects;

/**
 * How a passphrase is stretched into a key that wraps. Salt and these parameters travel in each wrap, so that changing
 * them orphans nothing; a reader refuses, before any work, parameters outside the limits here.
 *
 * @param kdf the function
 * @param passes iterations of PBKDF2, or passes of Argon2id
 * @param memoryKiB memory of Argon2id in KiB; 0 for PBKDF2
 * @param lanes lanes of Argon2id; 0 for PBKDF2
 */
public record PassphrasePolicy(Kdf kdf, int passes, int memoryKiB, int lanes) {
    /** What OWASP's password storage cheat sheet asks of PBKDF2-HMAC-SHA-256; more than it asks of SHA-512. */
    public static final int DEFAULT_ITERATIONS = 600_000;

    /** What OWASP's password storage cheat sheet asks of PBKDF2-HMAC-SHA-512. */
    public static final int FEWEST_ITERATIONS = 210_000;

    /** Some ten seconds of work, which is what a stranger's message may cost. */
    public static final int MOST_ITERATIONS = 10_000_000;

    /** 64 MiB: the memory of RFC 9106's second recommended choice (section 4). */
    public static final int DEFAULT_MEMORY_KIB = 64 << 10;

    /** Passes of RFC 9106's second recommended choice. */
    public static final int DEFAULT_PASSES = 3;

    /** Lanes of RFC 9106's second recommended choice. */
    public static final int DEFAULT_LANES = 4;

    /** 19 MiB: OWASP's least for two passes. */
    public static final int LEAST_MEMORY_KIB = 19 << 10;

    /** 1 GiB. */
    public static final int MOST_MEMORY_KIB = 1 << 20;

    /** The fewest passes of Argon2id. */
    public static final int FEWEST_PASSES = 2;

    /** The most passes of Argon2id. */
    public static final int MOST_PASSES = 10;

    /** The most lanes of Argon2id. */
    public static final int MOST_LANES = 16;

    /** The functions. The numbers are part of the format and never change their meaning. */
    public enum Kdf {
        /** PBKDF2 (RFC 8018) with HMAC-SHA-512; built in. */
        PBKDF2(1),
        /** Argon2id (RFC 9106), version 0x13; needs {@code kms-argon2}. */
        ARGON2ID(2);

        private final int id;

        Kdf(int id) {
            this.id = id;
        }

        /** The number that stands in wraps. */
        public int id() {
            return id;
        }
    }

    /** Checks the limits. */
    public PassphrasePolicy {
        Objects.requireNonNull(kdf, "kdf");
        if (kdf == Kdf.PBKDF2) {
            between("iterations", passes, FEWEST_ITERATIONS, MOST_ITERATIONS);
            between("memory of PBKDF2", memoryKiB, 0, 0);
            between("lanes of PBKDF2", lanes, 0, 0);
        } else {
            between("passes", passes, FEWEST_PASSES, MOST_PASSES);
            between("memory in KiB", memoryKiB, LEAST_MEMORY_KIB, MOST_MEMORY_KIB);
            between("lanes", lanes, 1, MOST_LANES);
        }
    }

    /** PBKDF2-HMAC-SHA-512 with 600,000 iterations. */
    public static PassphrasePolicy defaults() {
        return pbkdf2(DEFAULT_ITERATIONS);
    }

    /**
     * PBKDF2-HMAC-SHA-512.
     *
     * @param iterations 210,000 to 10,000,000
     * @throws IllegalArgumentException if there are fewer or more
     */
    public static PassphrasePolicy pbkdf2(int iterations) {
        return new PassphrasePolicy(Kdf.PBKDF2, iterations, 0, 0);
    }

    /**
     * Argon2id; the manager needs {@code io.sealwright:kms-argon2} on its class path.
     *
     * @param memoryKiB 19,456 to 1,048,576
     * @param passes 2 to 10
     * @param lanes 1 to 16
     * @throws IllegalArgumentException if one is outside its limits
     */
    public static PassphrasePolicy argon2id(int memoryKiB, int passes, int lanes) {
        return new PassphrasePolicy(Kdf.ARGON2ID, passes, memoryKiB, lanes);
    }

    private static void between(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be " + least + " to " + most + ", not " + value);
        }
    }
}
