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

    /** A clock that is later is wrong; an era of its time would be in the way of all restores after. */
    private static final Instant LATEST_CLOCK = Instant.parse("2200-01-01T00:00:00Z");

    private Eras() {}

    /**
     * The first generation of a new era, above {@code highest}.
     *
     * @throws io.sealwright.kms.error.RefusedException if the clock is beyond the year 2200, or there is no later era
     */
    static long after(long highest, Instant now) {
        if (now.isAfter(LATEST_CLOCK)) {
            throw KeyErrors.noEra("The clock says " + now + ".");
        }
        long era = Math.max((highest >>> COUNT_BITS) + 1, Math.max(0, now.toEpochMilli()));
        if (era > LAST) {
            throw KeyErrors.noEra("A key's generation is " + highest + ", after which there is no era.");
        }
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
