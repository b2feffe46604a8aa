package io.sealwright.kms.migrate;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Keeps a job under so many items a second. What was not used is not saved up. Not safe for concurrent use. */
final class Pace {
    private static final double NANOS = 1e9;

    private final @Nullable Integer perSecond;
    private long next;

    Pace(@Nullable Integer perSecond, long now) {
        this.perSecond = perSecond;
        this.next = now;
    }

    /** How long to wait, now that so many more were done. */
    Duration after(int items, long now) {
        if (perSecond == null) {
            return Duration.ZERO;
        }
        next = Math.max(next, now - (long) NANOS) + (long) (items * NANOS / perSecond);
        return Duration.ofNanos(Math.max(0, next - now));
    }
}
