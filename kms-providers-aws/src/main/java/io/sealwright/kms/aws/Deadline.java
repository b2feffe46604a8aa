package io.sealwright.kms.aws;

import java.time.Duration;

/** How long one operation may still take, all of its requests together. Safe for concurrent use. */
final class Deadline {
    private final Duration whole;
    private final long end;

    private Deadline(Duration whole) {
        this.whole = whole;
        this.end = System.nanoTime() + whole.toNanos();
    }

    static Deadline after(Duration whole) {
        return new Deadline(whole);
    }

    /** At least a millisecond, since clients take no less. */
    Duration left() {
        return Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime()));
    }

    boolean passed() {
        return System.nanoTime() - end >= 0;
    }

    /** As it was at the beginning. */
    Duration whole() {
        return whole;
    }
}
