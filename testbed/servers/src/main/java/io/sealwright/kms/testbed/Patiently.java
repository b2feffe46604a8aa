package io.sealwright.kms.testbed;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Waits by looking, where a loaded machine takes its time. The limit is for a product that never gets there, and far above
 * what a slow machine needs.
 */
public final class Patiently {
    private static final long LIMIT_NANOS = Duration.ofSeconds(30).toNanos();
    private static final long PAUSE_MILLIS = 20;

    private Patiently() {}

    /** Does the step again while it fails so: in less time than a new client or a busy machine takes now and then. */
    public static void repeat(Class<? extends RuntimeException> tooLate, Runnable step) throws InterruptedException {
        long from = System.nanoTime();
        while (true) {
            try {
                step.run();
                return;
            } catch (RuntimeException e) {
                if (!tooLate.isInstance(e) || System.nanoTime() - from > LIMIT_NANOS) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        }
    }

    /** Waits until it is so. */
    public static void until(String what, BooleanSupplier so) throws InterruptedException {
        long from = System.nanoTime();
        while (!so.getAsBoolean()) {
            if (System.nanoTime() - from > LIMIT_NANOS) {
                throw new AssertionError("not so in " + LIMIT_NANOS / 1_000_000_000 + " s: " + what);
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
    }
}
