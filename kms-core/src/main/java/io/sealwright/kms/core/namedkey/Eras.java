package io.sealwright.kms.core.namedkey;

import java.time.Duration;
import java.time.Instant;

/**
 * The generations that restores write. The upper half of a generation is its era, 0 until the first restore; the lower
 * half counts changes within. An era begins with the minute of its restore, so that it is above whatever any process has
 * seen, also of a store that was lost and of which nobody knows any more how far it had come.
 */
final class Eras {
    private static final int COUNT_BITS = 32;

    private Eras() {}

    /** The first generation of a new era, above {@code highest}. */
    static long after(long highest, Instant now) {
        long minutes = Math.max(0, Duration.between(Instant.EPOCH, now).toMinutes());
        long era = Math.max((highest >>> COUNT_BITS) + 1, Math.min(minutes, Integer.MAX_VALUE));
        return (era << COUNT_BITS) + 1;
    }

    /** Tells whether there was a restore between two generations. */
    static boolean differ(long one, long other) {
        return one >>> COUNT_BITS != other >>> COUNT_BITS;
    }
}
