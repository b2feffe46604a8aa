package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keeps messages that name made-up version ids from becoming reads of the store: what was not there is remembered for a
 * second, and at most ten looks a second may find nothing, after a thousand that may come at once (a process that begins
 * with many keys cold). Looks that find something are free.
 */
final class UnknownIds {
    static final int MOST_KEPT = 1024;
    static final int BURST = 1000;

    private static final long KEPT_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long NANOS_PER_LOOK = Duration.ofSeconds(1).toNanos() / 10;

    private final TimeSource time;
    private final Map<VersionId, Long> missedAt = new LinkedHashMap<>(); // guarded by this; oldest first
    private int looks = BURST; // guarded by this
    private long countedAt; // guarded by this

    UnknownIds(TimeSource time) {
        this.time = time;
        this.countedAt = time.nanoTime();
    }

    /** Tells whether the store was asked within the last second, and had no such id. */
    synchronized boolean missedLately(VersionId id) {
        Long at = missedAt.get(id);
        if (at == null) {
            return false;
        }
        if (time.nanoTime() - at < KEPT_NANOS) {
            return true;
        }
        missedAt.remove(id);
        return false;
    }

    synchronized void missed(VersionId id) {
        missedAt.remove(id);
        missedAt.put(id, time.nanoTime());
        if (missedAt.size() > MOST_KEPT) {
            missedAt.remove(missedAt.keySet().iterator().next());
        }
    }

    /** The store has changed: what was not there may be now. */
    synchronized void forget() {
        missedAt.clear();
    }

    /** Takes the right to look once; false if too many looks found nothing. */
    synchronized boolean mayLook() {
        long elapsed = Math.max(0, (time.nanoTime() - countedAt) / NANOS_PER_LOOK);
        countedAt += elapsed * NANOS_PER_LOOK;
        looks = (int) Math.min(BURST, looks + elapsed);
        if (looks == 0) {
            return false;
        }
        looks--;
        return true;
    }

    /** The look found something. */
    synchronized void found() {
        looks = Math.min(BURST, looks + 1);
    }
}
