package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads that seal and open without pause, under a few contexts, and note what went wrong. What was opened before has its
 * data key in memory, so it must open at any time; what was sealed in an outage may have to wait for its first opening.
 */
final class OutageLoad {
    static final int CONTEXTS = 4;
    private static final int LIVE = 200;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int MOST_UNOPENED = 200_000;

    /** A machine that stands still holds up each thread once, and does not do so all the time. */
    private static final int MOST_LATE = 50;

    /** A message and what is in it. */
    record Sealed(byte[] message, String text, int context) {}

    private final KeyManager kms;
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sealed> kept = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sealed> unopened = new ConcurrentLinkedQueue<>();
    private final AtomicLong unopenedInAll = new AtomicLong();
    private final AtomicLong sealedInAll = new AtomicLong();
    private final AtomicLong lateWithoutOutage = new AtomicLong();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong slowest = new AtomicLong();
    private final AtomicLong troubles = new AtomicLong(); // odd while there is one
    private final List<Future<?>> workers = new ArrayList<>();
    private volatile boolean done;

    /** Has each context's data key made, and a message of each opened. */
    OutageLoad(KeyManager kms) {
        this.kms = kms;
        for (int i = 0; i < CONTEXTS; i++) {
            int context = i;
            Sealed sealed = patiently(UnavailableException.class, () -> seal(kms, context, "warm"));
            if (!patiently(UnavailableException.class, () -> open(kms, sealed)).equals("warm")) {
                throw new IllegalStateException("another text came back");
            }
            kept.add(sealed);
        }
    }

    /**
     * Where it matters that it comes about, not how soon: a client's first calls load its classes, and a loaded machine stands
     * still now and then, which may take longer than the deadline.
     */
    static <T> T patiently(Class<? extends KmsException> tooEarly, Supplier<T> call) {
        long from = System.nanoTime();
        while (true) {
            try {
                return call.get();
            } catch (KmsException e) {
                if (!tooEarly.isInstance(e) || System.nanoTime() - from > PATIENCE_NANOS) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    static Sealed seal(KeyManager kms, int context, String text) {
        return new Sealed(kms.encrypt(text).context("tenant", "t" + context).toBytes(), text, context);
    }

    static String open(KeyManager kms, Sealed sealed) {
        return kms.decrypt(sealed.message())
                .context("tenant", "t" + sealed.context())
                .toText();
    }

    /** A message that has been opened. */
    Sealed opened() {
        return kept.element();
    }

    void start(int threads) {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        for (int i = 0; i < threads; i++) {
            int seed = i;
            workers.add(pool.submit(() -> work(new Random(seed))));
        }
        pool.shutdown();
    }

    void stop() throws InterruptedException, ExecutionException, TimeoutException {
        done = true;
        for (Future<?> worker : workers) {
            worker.get(60, TimeUnit.SECONDS);
        }
    }

    /** To be told when an outage begins, and when it is over for all calls. */
    void troubleTurns() {
        troubles.incrementAndGet();
    }

    void fault(String what) {
        faults.add(what);
    }

    Collection<String> faults() {
        return faults;
    }

    long lateWithoutOutage() {
        return lateWithoutOutage.get();
    }

    long calls() {
        return calls.get();
    }

    long sealedInAll() {
        return sealedInAll.get();
    }

    long slowestNanos() {
        return slowest.get();
    }

    /** Opens all that was kept, and all that could not be opened yet, by another manager; how many that were. */
    int openAll(KeyManager other) {
        int opened = 0;
        for (Collection<Sealed> some : List.of(kept, unopened)) {
            for (Sealed sealed : some) {
                if (!patiently(UnavailableException.class, () -> open(other, sealed))
                        .equals(sealed.text())) {
                    faults.add("another text came back afterwards");
                }
                opened++;
            }
        }
        return opened;
    }

    private void work(Random mine) {
        List<Sealed> live = new ArrayList<>(kept);
        for (long n = 1; !done; n++) {
            int context = mine.nextInt(CONTEXTS);
            Sealed fresh = timed("seal", () -> seal(kms, context, "text " + mine.nextInt()));
            if (fresh != null) {
                sealedInAll.incrementAndGet();
                if (!firstOpening(fresh)) {
                    keepUnopened(fresh);
                } else if (live.size() < LIVE) {
                    live.add(fresh);
                } else {
                    live.set(mine.nextInt(LIVE), fresh);
                }
                if (n % LIVE == 0) {
                    kept.add(fresh);
                }
            }
            Sealed old = live.get(mine.nextInt(live.size()));
            String text = timed("open what was opened before", () -> open(kms, old));
            if (text != null && !text.equals(old.text())) {
                faults.add("another text came back");
            }
        }
    }

    /** All of the first many, then some: the heap of a long run is small. */
    private void keepUnopened(Sealed sealed) {
        long number = unopenedInAll.incrementAndGet();
        if (number <= MOST_UNOPENED || number % 50 == 0) {
            unopened.add(sealed);
        }
    }

    /**
     * It may fail for want of an answer, while there is an outage, or at its deadline when the machine stood still for so long;
     * then it is opened at the end.
     */
    private boolean firstOpening(Sealed sealed) {
        long before = troubles.get();
        long from = System.nanoTime();
        try {
            calls.incrementAndGet();
            if (!open(kms, sealed).equals(sealed.text())) {
                faults.add("another text came back");
            }
            return true;
        } catch (KmsException e) {
            boolean outage = before != troubles.get() || before % 2 != 0;
            boolean late = System.nanoTime() - from >= OutageContract.DEADLINE.toNanos();
            if (e.code() != ErrorCode.KMS_UNAVAILABLE
                    || !outage && (!late || lateWithoutOutage.incrementAndGet() > MOST_LATE)) {
                faults.add("first opening, without an outage: " + e);
            }
            return false;
        }
    }

    private <T> @Nullable T timed(String what, Supplier<T> call) {
        long from = System.nanoTime();
        try {
            calls.incrementAndGet();
            return call.get();
        } catch (RuntimeException e) {
            faults.add(what + ": " + e);
            return null;
        } finally {
            slowest.accumulateAndGet(System.nanoTime() - from, Math::max);
        }
    }
}
