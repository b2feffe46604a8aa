package io.sealwright.kms.testkit.proof;

import java.time.Duration;

/**
 * The size of proofs that take hours when they are whole: the share that the system property {@code kms.proof} says, a
 * hundredth where it is not set, and never less than what still shows something.
 */
public final class Proof {
    private static final double SHARE = Double.parseDouble(System.getProperty("kms.proof", "0.01"));

    private Proof() {}

    /** So many of {@code whole}, at least {@code least}. */
    public static int of(int whole, int least) {
        return (int) of((long) whole, least);
    }

    /** So many of {@code whole}, at least {@code least}. */
    public static long of(long whole, long least) {
        return Math.max(least, Math.round(whole * SHARE));
    }

    /** So long of {@code whole}, at least {@code least}. */
    public static Duration of(Duration whole, Duration least) {
        return Duration.ofMillis(of(whole.toMillis(), least.toMillis()));
    }
}
