package io.sealwright.kms.core.time;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The one thread of {@link CoarseTime}; runs while anyone has joined. */
final class Ticker {
    private static final long PERIOD_MILLIS = 50;

    /**
     * A sleep this much too long is no scheduling delay any more. A key may outlive its age by one period and this, 250
     * ms in all, and every later tick ends the epochs.
     */
    private static final long GAP_NANOS = 200_000_000;

    // Read on every message, written every 50 ms.
    static volatile long now = System.nanoTime();

    private static final Set<Runnable> MEMBERS = ConcurrentHashMap.newKeySet();
    private static @Nullable Thread thread; // guarded by the class

    private Ticker() {}

    static synchronized void join(Runnable gap) {
        now = System.nanoTime();
        if (thread == null) {
            Thread fresh = new Thread(Ticker::run, "sealwright-ticker");
            fresh.setDaemon(true);
            fresh.start();
            thread = fresh;
        }
        MEMBERS.add(gap);
    }

    static synchronized void leave(Runnable gap) {
        MEMBERS.remove(gap);
        if (MEMBERS.isEmpty() && thread != null) {
            thread.interrupt();
            thread = null;
        }
    }

    private static synchronized boolean current() {
        return thread == Thread.currentThread();
    }

    private static void run() {
        long before = System.nanoTime();
        while (current()) {
            try {
                Thread.sleep(PERIOD_MILLIS);
            } catch (InterruptedException e) {
                // Only leave() interrupts this thread; the loop's condition decides.
            }
            long tick = System.nanoTime();
            now = tick;
            if (tick - before > PERIOD_MILLIS * 1_000_000 + GAP_NANOS) {
                MEMBERS.forEach(Runnable::run);
            }
            before = tick;
        }
    }
}
