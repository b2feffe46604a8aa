package io.sealwright.kms.migrate;

import io.sealwright.kms.error.CallInterruptedException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Tells a job to end, and lets it wait until then. Safe for concurrent use. */
final class Stop {
    private final CountDownLatch requested = new CountDownLatch(1);

    void request() {
        requested.countDown();
    }

    boolean isRequested() {
        return requested.getCount() == 0;
    }

    /** Waits; not longer than until the job is to end. */
    void pause(Duration time) {
        try {
            boolean unused = requested.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    static CallInterruptedException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "The migration ended.",
                "Its thread was interrupted.",
                "Start it again: it goes on behind its last checkpoint.",
                cause);
    }
}
