package io.sealwright.kms.core.provider;

import io.sealwright.kms.MasterKeyMetrics;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Everything that may block on a provider or a store goes through here, once, so that no provider needs it: threads of
 * our own, one total deadline whose end interrupts the worker, a bound on calls under way, one event a call, and
 * whatever a provider throws turned into the typed family.
 */
public final class ProviderCalls implements AutoCloseable {
    /** What is asked of a master key. */
    public enum Operation {
        GENERATE,
        WRAP,
        UNWRAP,
        REFRESH,
        CHECK,
        ROTATE;

        /** Whether a key in this process does it without its file or its source. */
        private boolean computes() {
            return this == GENERATE || this == WRAP || this == UNWRAP;
        }
    }

    /**
     * Worker threads: sealing, opening and checking, under way and waiting, of a few master keys that all hang. One that
     * hangs can hold 192 at most, so that it never starves the others; idle ones end.
     */
    static final int MOST_THREADS = 512;

    private final Duration deadline;
    private final Executor executor;
    private final @Nullable ThreadPoolExecutor own;
    private final Events events;
    private final TimeSource time;
    private final int attempts;
    private final Outages outages;
    private final Verdicts verdicts;
    private final Map<MasterKey, Guard> guards = new ConcurrentHashMap<>();
    private static final ThreadLocal<ProviderCalls.@Nullable Flight<?>> CURRENT = new ThreadLocal<>();

    /** With an executor that was given: what to wait for when all is closed. */
    private final Set<Flight<?>> underWay = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    /**
     * Makes the threads' pool, if none is given.
     *
     * @param deadline total time of a call, its attempts included
     * @param attempts how often a provider that gives no answer is asked, the first time included
     */
    public ProviderCalls(Duration deadline, int attempts, @Nullable Executor executor, Events events, TimeSource time) {
        this.deadline = deadline;
        this.attempts = attempts;
        this.outages = new Outages(events, time);
        this.verdicts = new Verdicts(events, time);
        this.events = events;
        this.time = time;
        if (executor == null) {
            ThreadPoolExecutor pool = pool();
            this.own = pool;
            this.executor = pool;
        } else {
            this.own = null;
            this.executor = executor;
        }
    }

    private static ThreadPoolExecutor pool() {
        AtomicInteger number = new AtomicInteger();
        return new ThreadPoolExecutor(0, MOST_THREADS, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            Thread thread = new Thread(task, "sealwright-provider-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    public Duration deadline() {
        return deadline;
    }

    /**
     * Runs a task that may block on a worker thread. The future completes with its result, its {@link KmsException}, or
     * {@link UnavailableException} at the deadline, when the worker is interrupted and what it still returns is given
     * to {@code discard}.
     */
    public <T> CompletableFuture<T> submit(String what, Supplier<T> task, Consumer<T> discard) {
        if (current() != null) {
            // Already on a worker, under its deadline: another worker would only make this one wait, for good if the
            // executor has no more.
            return done(what, task);
        }
        return begin(what, task, discard);
    }

    /**
     * As {@link #submit}, but never on this thread, a worker's own included: for what nobody waits for, such as a refresh
     * ahead, which must not hold up the call that noticed it is due.
     */
    public <T> CompletableFuture<T> begin(String what, Supplier<T> task, Consumer<T> discard) {
        Flight<T> flight = new Flight<>(what, task, discard);
        if (own == null) {
            underWay.add(flight);
            Futures.then(flight.result, (done, failure) -> underWay.remove(flight));
        }
        try {
            executor.execute(flight);
        } catch (RuntimeException | OutOfMemoryError e) {
            // Rejected, or "unable to create native thread": nothing may be left that waits for this flight.
            KmsException refused = closed
                    ? closedError()
                    : new OverloadedException(
                            "The call was not begun: " + what + ".",
                            "No thread takes it: the " + MOST_THREADS + " for provider calls are busy, or the system"
                                    + " gives no more.",
                            "Repeat it later; if this goes on, look at the provider's latency and at how many threads"
                                    + " the process may have.",
                            e);
            flight.result.completeExceptionally(refused);
            throw refused;
        }
        flight.startTimer();
        return flight.result;
    }

    private static <T> CompletableFuture<T> done(String what, Supplier<T> task) {
        try {
            return CompletableFuture.completedFuture(task.get());
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(typed(what, e));
        }
    }

    /** What comes of a flight, and whom it asked meanwhile. */
    private static final class Result<T> extends CompletableFuture<T> {
        volatile @Nullable Asked asked;
    }

    /** One task on its way: its result, its deadline, and the worker to interrupt then. */
    private final class Flight<T> implements Runnable {
        final Result<T> result = new Result<>();
        private final String what;
        private final Supplier<T> task;
        private final Consumer<T> discard;
        private @Nullable Thread worker; // guarded by this
        private boolean expired; // guarded by this; whether the worker was interrupted by us
        private final long end = System.nanoTime() + deadline.toNanos();
        private volatile @Nullable Runnable atDeadline;

        Flight(String what, Supplier<T> task, Consumer<T> discard) {
            this.what = what;
            this.task = task;
            this.discard = discard;
        }

        @Override
        public void run() {
            synchronized (this) {
                if (result.isDone()) {
                    return;
                }
                worker = Thread.currentThread();
            }
            T value = null;
            Throwable failure = null;
            CURRENT.set(this);
            try {
                value = task.get();
            } catch (Throwable e) {
                failure = e;
            } finally {
                // What hangs on the result runs on this thread too, yet under no deadline of ours any more.
                CURRENT.remove();
                synchronized (this) {
                    // From here on the deadline's interrupt would hit a stranger's task on this thread.
                    worker = null;
                    if (expired) {
                        Thread.interrupted();
                    }
                }
            }
            if (failure != null) {
                result.completeExceptionally(
                        closed && failure instanceof CallInterruptedException ? closedError() : typed(what, failure));
            } else if (!result.complete(value)) {
                discard.accept(value);
            }
        }

        ProviderCalls owner() {
            return ProviderCalls.this;
        }

        /** Ends the flight at the deadline; the timer goes when the result comes, and keeps nothing alive. */
        void startTimer() {
            after(deadline.toNanos(), result, this::expire);
        }

        /** Waits for its result until then; interrupts its worker if it does not come. False if the wait was interrupted. */
        boolean endsBy(long until) {
            try {
                result.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
                return true;
            } catch (InterruptedException e) {
                expire();
                return false;
            } catch (TimeoutException e) {
                expire();
                return true;
            } catch (ExecutionException | CancellationException e) {
                return true; // whoever waits for it is told
            }
        }

        private void expire() {
            // Not under the lock: whatever hangs on the result runs in here.
            Runnable last = atDeadline;
            if (last != null) {
                last.run();
            }
            if (result.completeExceptionally(Asked.late(deadline, what, result.asked))) {
                synchronized (this) {
                    if (worker != null) {
                        expired = true;
                        worker.interrupt();
                    }
                }
            }
        }
    }

    /** The same result, or a {@link TimeoutException} if it is not there after so long; the future itself goes on. */
    public <T> CompletableFuture<T> within(CompletableFuture<T> future, long nanos) {
        CompletableFuture<T> limited = future.copy();
        after(nanos, limited, () -> limited.completeExceptionally(new TimeoutException()));
        return limited;
    }

    /** Runs {@code end} on another thread after so long, unless {@code unlessDone} is done by then. */
    void after(long nanos, CompletableFuture<?> unlessDone, Runnable end) {
        CompletableFuture<Void> timer = new CompletableFuture<>();
        Futures.then(timer, (done, cancelled) -> {
            if (cancelled == null) {
                offTimer(end);
            }
        });
        CompletableFuture<Void> unused = timer.completeOnTimeout(null, nanos, TimeUnit.NANOSECONDS);
        Futures.then(unlessDone, (value, failure) -> timer.cancel(false));
    }

    /**
     * Not on the timer's thread, which the whole JVM has one of: what an application hangs on a stage runs here too. An
     * executor that was given may have no thread left for this, and the deadline must hold.
     */
    private void offTimer(Runnable end) {
        if (own != null) {
            try {
                own.execute(end);
                return;
            } catch (RejectedExecutionException | OutOfMemoryError e) {
                // All are busy.
            }
        }
        end.run();
    }

    /** Waits for a flight, no longer than the deadline; an interrupt ends this wait alone and keeps the flag. */
    public <T> T await(String what, CompletableFuture<T> flight) {
        try {
            return flight.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CallInterruptedException(
                    "The wait was interrupted: " + what + ".",
                    "Another thread asked this one to stop.",
                    "Nothing is lost; repeat the call if it is still wanted.",
                    e);
        } catch (TimeoutException e) {
            throw Asked.late(deadline, what, flight instanceof Result<?> result ? result.asked : null);
        } catch (ExecutionException | CancellationException e) {
            throw typed(what, e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e);
        }
    }

    /** {@link #submit} and {@link #await}; for calls whose result holds nothing to wipe. */
    public <T> T call(String what, Supplier<T> task) {
        return await(what, submit(what, task, discarded -> {}));
    }

    private @Nullable Flight<?> current() {
        Flight<?> flight = CURRENT.get();
        return flight != null && flight.owner() == this ? flight : null;
    }

    /**
     * Runs a check that others wait for on this thread; interrupts it a little before their deadline, so that they get what
     * serves without it.
     */
    public <T> T check(String what, Supplier<T> work) {
        return Cut.run(this, what, Math.max(1, remaining() / 10 * 9), work);
    }

    /** How much of the deadline is left to the task that runs on this thread, in nanoseconds; all of it outside of one. */
    long remaining() {
        Flight<?> flight = current();
        return flight == null ? deadline.toNanos() : flight.end - System.nanoTime();
    }

    /** Whether nobody waits for what runs on this thread any more: it is over its deadline, or all is being closed. */
    boolean ending() {
        Flight<?> flight = current();
        return closed || flight != null && flight.result.isDone();
    }

    /** What to do if the deadline comes before the task that runs on this thread has ended; null for nothing. */
    void atDeadline(@Nullable Runnable last) {
        Flight<?> flight = current();
        if (flight != null) {
            flight.atDeadline = last;
        }
    }

    /** What the task that runs on this thread asks now, and what came of an attempt before. */
    void asking(String call, @Nullable UnavailableException said) {
        Flight<?> flight = current();
        if (flight != null) {
            flight.result.asked = new Asked(call, said);
        }
    }

    private Guard guard(MasterKey key) {
        return guards.computeIfAbsent(key, k -> new Guard(k, this, attempts, events, outages, time));
    }

    /** What keys in memory do without a source is told here. */
    public Outages outages() {
        return outages;
    }

    /** Where it is told what a provider's answer means for what is in memory. */
    public Verdicts verdicts() {
        return verdicts;
    }

    /** Whether the last thing heard of this key was nothing. */
    public boolean silent(MasterKey key) {
        Guard guard = guards.get(key);
        return guard != null && guard.silent();
    }

    /** Counters of a key. */
    public MasterKeyMetrics metrics(MasterKey key) {
        return guard(key).metrics();
    }

    /** {@link #invoke(MasterKey, Operation, Standing, Supplier)} for what has not worked before. */
    public <T> T invoke(MasterKey key, Operation operation, Supplier<@Nullable T> call) {
        return invoke(key, operation, Standing.NEW, call);
    }

    /**
     * Makes one call to one master key on this thread: bounded, repeated if no answer comes, typed, told. The result is
     * never null.
     */
    public <T> T invoke(MasterKey key, Operation operation, Standing standing, Supplier<@Nullable T> call) {
        if (standing == Standing.PROVEN && key instanceof FetchedKey fetched) {
            UnavailableException unanswered = fetched.unansweredJustNow();
            if (unanswered != null) {
                throw unanswered; // what is in memory cannot confirm what is in memory
            }
        }
        try {
            return key.inProcess() && operation.computes()
                    ? Guard.answered(key, operation, call)
                    : guard(key).invoke(operation, standing, call);
        } finally {
            KmsException no = key instanceof FetchedKey fetched ? fetched.takeEnd() : null;
            if (no != null) {
                verdicts.ended(no, key, operation);
            }
        }
    }

    /** The family's member as it is; anything else a provider throws is no usable answer; our own defects stay such. */
    static RuntimeException typed(String what, Throwable e) {
        if (e instanceof KmsException known) {
            return known;
        }
        if (e instanceof KmsBugException bug) {
            return bug;
        }
        if (e instanceof java.util.concurrent.CompletionException && e.getCause() != null) {
            return typed(what, e.getCause());
        }
        return new UnavailableException(
                "The provider gave no usable answer: " + what + ".",
                "It failed unexpectedly with " + e.getClass().getSimpleName() + ".",
                "See the cause in the stack trace; repeating may help.",
                e);
    }

    private static ClosedException closedError() {
        return new ClosedException(
                "The key manager is closed.", "close() was called before.", "Open a new one, and close it last.");
    }

    /** Waits up to the deadline for calls under way, then interrupts them. */
    @Override
    public void close() {
        closed = true;
        if (own == null) {
            boolean interrupted = Thread.interrupted();
            long until = System.nanoTime() + deadline.toNanos();
            for (Flight<?> flight : underWay) {
                interrupted |= !flight.endsBy(interrupted ? System.nanoTime() : until);
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        if (own != null) {
            own.shutdown();
            boolean interrupted = Thread.interrupted();
            try {
                if (!own.awaitTermination(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                    own.shutdownNow();
                }
            } catch (InterruptedException e) {
                own.shutdownNow();
                interrupted = true;
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
