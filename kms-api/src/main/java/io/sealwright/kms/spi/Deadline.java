package io.sealwright.kms.spi;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How long one call may still take, all that it does together: every request of one wrap, and the wait for a connection, a
 * login or a lock before it. For providers, which make one at the beginning of a call, hand it to whatever waits, and name
 * {@link #whole} in the error if it has passed. It only tells the time: it ends nothing by itself. Measured by
 * {@link System#nanoTime}, which no change of the clock moves. Immutable, safe for concurrent use.
 */
public final class Deadline {
    private static final long SHORTEST_REQUEST_NANOS = 1_000_000;

    private final Duration whole;
    private final LongSupplier clock;
    private final long end; // may have overflown, as nanoTime may: only differences count

    private Deadline(Duration whole, LongSupplier clock) {
        if (whole.isNegative()) {
            throw new IllegalArgumentException("whole must be zero or longer, not " + whole);
        }
        this.whole = whole;
        this.clock = clock;
        this.end = clock.getAsLong() + nanos(whole);
    }

    /**
     * One that begins now.
     *
     * @param whole zero, which has passed already, or longer; over 292 years are as good as these
     * @throws IllegalArgumentException if it is negative
     */
    public static Deadline after(Duration whole) {
        return new Deadline(whole, System::nanoTime);
    }

    static Deadline after(Duration whole, LongSupplier clock) {
        return new Deadline(whole, clock);
    }

    private static long nanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }

    /** What is left, for whatever waits in this process; never negative, zero if it has passed. */
    public long nanosLeft() {
        return Math.max(0, end - clock.getAsLong());
    }

    /**
     * What is left, as the timeout of a request: a millisecond at least, also if it has passed, since many clients refuse
     * zero or take it for no limit. Whoever does not want to send that request asks {@link #passed} before.
     */
    public Duration requestTimeout() {
        return Duration.ofNanos(Math.max(SHORTEST_REQUEST_NANOS, nanosLeft()));
    }

    /** Tells whether nothing is left. */
    public boolean passed() {
        return nanosLeft() == 0;
    }

    /** As it was at the beginning, for errors. */
    public Duration whole() {
        return whole;
    }

    @Override
    public String toString() {
        return "Deadline[" + whole + "]";
    }
}
