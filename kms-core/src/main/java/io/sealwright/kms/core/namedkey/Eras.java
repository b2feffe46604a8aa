package io.sealwright.kms.core.namedkey;

import java.time.Instant;

/**
 * The generations that restores write. The upper 43 bits of a generation are its era, 0 until the first restore; the lower
 * 20 count changes within. An era is the millisecond of its restore, so that it is above whatever any process has seen,
 * also of a store that was lost or rolled back and of which nobody knows any more how far it had come.
 */
final class Eras {
    private static final int COUNT_BITS = 20;

    private static final long LAST = (1L << 43) - 1;

    private Eras() {}

    /** The first generation of a new era, above {@code highest}. */
    static long after(long highest, Instant now) {
        long millis = Math.min(Math.max(0, now.toEpochMilli()), LAST);
        long era = Math.max((highest >>> COUNT_BITS) + 1, millis);
        return (era << COUNT_BITS) + 1;
    }

    /**
     * Tells whether there was a restore between two generations. So many changes that they count on into the next era look
     * like one as well, which costs no more than reading a key again.
     */
    static boolean differ(long one, long other) {
        return one >>> COUNT_BITS != other >>> COUNT_BITS;
    }
}
