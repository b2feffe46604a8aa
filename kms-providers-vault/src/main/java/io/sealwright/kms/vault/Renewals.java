package io.sealwright.kms.vault;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * When a keeper's token is due: one daemon thread a session, and only while a token that ends is held. It does not keep
 * a forgotten session alive.
 */
final class Renewals implements AutoCloseable {
    /** The most that one attempt may take. */
    private static final Duration ATTEMPT = Duration.ofSeconds(10);

    private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(30);

    private final WeakReference<TokenKeeper> keeper;
    private final ScheduledThreadPoolExecutor timer;

    Renewals(TokenKeeper keeper) {
        this.keeper = new WeakReference<>(keeper);
        this.timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "sealwright-vault-renewal");
            thread.setDaemon(true);
            return thread;
        });
        timer.setKeepAliveTime(1, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** At two thirds of the token's life, or a little before: many processes may have started in one moment. */
    void schedule(Lease lease) {
        if (lease.ends()) {
            long due = lease.ttlNanos() / 3 * 2;
            after(due - ThreadLocalRandom.current().nextLong(due / 10 + 1), lease);
        }
    }

    /** After an attempt that failed: a few more times until the token ends. */
    void scheduleAgain(Lease lease, long now) {
        long left = lease.nanosLeft(now);
        if (left > SHORTEST) {
            after(Math.min(left / 3, LONGEST_PAUSE), lease);
        }
    }

    @Override
    public void close() {
        timer.shutdown();
    }

    private void after(long nanos, Lease lease) {
        try {
            ScheduledFuture<?> unused =
                    timer.schedule(new Due(keeper, timer, lease), Math.max(nanos, SHORTEST), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: what a login gave is not kept then, and need not be renewed.
        }
    }

    /** Holds no strong reference to the keeper. */
    private record Due(WeakReference<TokenKeeper> keeper, ScheduledThreadPoolExecutor timer, Lease lease)
            implements Runnable {
        @Override
        public void run() {
            TokenKeeper present = keeper.get();
            if (present == null) {
                timer.shutdown();
            } else {
                present.renew(lease, ATTEMPT);
            }
        }
    }
}
