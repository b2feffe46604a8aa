package io.sealwright.kms.testkit.time;

import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.time.Instant;

/** A clock that stands still until a test moves it. Safe for concurrent use. */
public final class ManualTime implements TimeSource {
    private record Now(long nanos, Instant instant) {}

    private volatile Now now;

    /** Starts at 2026-01-01T00:00:00Z. */
    public ManualTime() {
        this(Instant.parse("2026-01-01T00:00:00Z"));
    }

    /** Starts at {@code start}; {@link #nanoTime} starts near its overflow, as the real one may. */
    public ManualTime(Instant start) {
        now = new Now(Long.MAX_VALUE - Duration.ofSeconds(30).toNanos(), start);
    }

    /**
     * Moves both clocks forward.
     *
     * @throws IllegalArgumentException if {@code step} is negative
     */
    public synchronized void advance(Duration step) {
        if (step.isNegative()) {
            throw new IllegalArgumentException("time only goes forward, not by " + step);
        }
        Now was = now;
        now = new Now(was.nanos() + step.toNanos(), was.instant().plus(step));
    }

    /** Sets the time of day alone, forward or back, as an operator or a time server does. */
    public synchronized void setTimeOfDay(Instant instant) {
        now = new Now(now.nanos(), instant);
    }

    @Override
    public long nanoTime() {
        return now.nanos();
    }

    @Override
    public Instant instant() {
        return now.instant();
    }

    @Override
    public String toString() {
        return "ManualTime[" + instant() + "]";
    }
}
