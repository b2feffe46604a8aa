package io.sealwright.kms.spi;

import java.time.Duration;

/**
 * Who wants to do a piece of work alone, and for how long: see {@link NamedKeyStore#claim}.
 *
 * @param work what is to be done: 1 to 200 printable ASCII characters, such as {@code rotate orders}
 * @param holder who does it, different for every manager of every process: 1 to 200 printable ASCII characters
 * @param lease how long the claim holds unless it is made again: a millisecond to an hour
 */
public record WorkClaim(String work, String holder, Duration lease) {
    /** The most that one claim holds; a claim that seems to hold longer was made by a clock that was wrong. */
    public static final Duration MAX_LEASE = Duration.ofHours(1);

    private static final Duration MIN_LEASE = Duration.ofMillis(1);

    /** Checks both names and the lease. */
    public WorkClaim {
        checkName("work", work);
        checkName("holder", holder);
        if (lease.compareTo(MIN_LEASE) < 0 || lease.compareTo(MAX_LEASE) > 0) {
            throw new IllegalArgumentException("lease must be a millisecond to an hour, not " + lease);
        }
    }

    private static void checkName(String what, String name) {
        if (!name.matches("[ -~]{1,200}")) {
            throw new IllegalArgumentException(what + " must have 1 to 200 printable ASCII characters");
        }
    }
}
