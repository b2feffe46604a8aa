package io.sealwright.kms.core.provider;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Places for calls under way to one key, and no more threads that wait for one than are wanted. */
final class Places {
    private final Semaphore free;
    private final int mostWaiting;

    /** Counted before they wait: the semaphore's own queue is an estimate, and threads that look at it together all enter. */
    private final AtomicInteger waiting = new AtomicInteger();

    Places(int places, int mostWaiting) {
        this.free = new Semaphore(places);
        this.mostWaiting = mostWaiting;
    }

    /**
     * Takes a place, and waits for it so long at most; false if none came free, or too many wait already.
     *
     * @throws InterruptedException if the thread was or is interrupted, even where a place is free: whose deadline is over
     *     must not ask a provider any more
     */
    boolean take(long nanos) throws InterruptedException {
        if (free.tryAcquire(0, TimeUnit.NANOSECONDS)) { // unlike the one without a time, not if it was interrupted
            return true;
        }
        try {
            return waiting.incrementAndGet() <= mostWaiting && free.tryAcquire(nanos, TimeUnit.NANOSECONDS);
        } finally {
            waiting.decrementAndGet();
        }
    }

    /** Gives a place back. */
    void leave() {
        free.release();
    }
}
