package io.sealwright.kms.migrate;

import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;

/** How fast a run is: over its moves, and in its last batch. Not safe for concurrent use. */
final class Speed {
    private static final double NANOS = 1e9;

    private final TimeSource time;
    private final long started;
    private long began;
    private long moved;
    private double perSecond;
    private double lastBatch;

    Speed(TimeSource time) {
        this.time = time;
        this.started = time.nanoTime();
        this.began = started;
    }

    void batchBegins() {
        began = time.nanoTime();
    }

    /** A batch of so many items is done; one of the second look counts for itself alone, since it looks at the same ones. */
    void batchEnds(int items, boolean secondLook) {
        long now = time.nanoTime();
        lastBatch = rate(items, now - began);
        if (!secondLook) {
            moved += items;
            perSecond = rate(moved, now - started);
        }
    }

    /** A clock that has not moved on yet has moved by less than it shows. */
    private static double rate(long items, long nanos) {
        return items * NANOS / Math.max(1, nanos);
    }

    double perSecond() {
        return perSecond;
    }

    double lastBatchPerSecond() {
        return lastBatch;
    }

    /** Since this was made. */
    Duration took() {
        return Duration.ofNanos(time.nanoTime() - started);
    }
}
