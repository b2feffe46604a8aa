package io.sealwright.kms.core.namedkey;

import java.time.Duration;

/** How long a key may stay in memory after it was unwrapped; all on the scale of {@code TimeSource.nanoTime()}. */
record Ages(Duration maxAge, Duration refreshAfter) {
    /** Between two attempts to refresh the same key. */
    static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    /** For calls that got the key just before it expired. */
    private static final long GRACE_NANOS = Duration.ofSeconds(2).toNanos();

    Ages {
        if (maxAge.isNegative() || maxAge.isZero() || refreshAfter.isNegative() || refreshAfter.compareTo(maxAge) > 0) {
            throw new IllegalArgumentException(
                    "refreshAfter must be at most maxAge, and maxAge positive, not " + refreshAfter + " and " + maxAge);
        }
    }

    long expiry(long begun) {
        return begun + maxAge.toNanos();
    }

    long refresh(long begun) {
        return begun + refreshAfter.toNanos();
    }

    /** Tells whether a key that expired is to be wiped now. */
    boolean sweepable(long expiresAt, long now) {
        return now - expiresAt >= GRACE_NANOS;
    }
}
