package io.sealwright.kms.core.provider;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
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
        ROTATE
    }

    /** Calls under way to one key, for sealing and for opening apart, so that a flood of one does not starve the other. */
    static final int MOST_CALLS = 16;

    /** Threads that wait for a place among them; more are refused at once. */
    static final int MOST_WAITING = 48;

    /**
     * Worker threads: sealing and opening, under way and waiting, of a few master keys that all hang. One that hangs can
     * hold 128 at most, so that it never starves the others; idle ones end.
     */
    static final int MOST_THREADS = 512;

    private final Duration deadline;
    private final Executor executor;
    private final @Nullable ThreadPoolExecutor own;
    private final Events events;
    private final TimeSource time;
    private final Map<MasterKey, Bounds> bounds = new ConcurrentHashMap<>();
    private static final ThreadLocal<@Nullable ProviderCalls> WORKING_FOR = new ThreadLocal<>();

    private volatile boolean closed;

    public ProviderCalls(Duration deadline, @Nullable Executor executor, Events events, TimeSource time) {
        this.deadline = deadline;
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
        if (WORKING_FOR.get() == this) {
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

    /** One task on its way: its result, its deadline, and the worker to interrupt then. */
    private final class Flight<T> implements Runnable {
        final CompletableFuture<T> result = new CompletableFuture<>();
        private final String what;
        private final Supplier<T> task;
        private final Consumer<T> discard;
        private @Nullable Thread worker; // guarded by this
        private boolean expired; // guarded by this; whether the worker was interrupted by us

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
            WORKING_FOR.set(ProviderCalls.this);
            try {
                value = task.get();
            } catch (Throwable e) {
                failure = e;
            } finally {
                // What hangs on the result runs on this thread too, yet under no deadline of ours any more.
                WORKING_FOR.remove();
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

        /** Ends the flight at the deadline; the timer goes when the result comes, and keeps nothing alive. */
        void startTimer() {
            after(deadline.toNanos(), result, this::expire);
        }

        private void expire() {
            // Not under the lock: whatever hangs on the result runs in here.
            if (result.completeExceptionally(late(what))) {
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

    private void after(long nanos, CompletableFuture<?> unlessDone, Runnable end) {
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
            throw late(what);
        } catch (ExecutionException | CancellationException e) {
            throw typed(what, e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e);
        }
    }

    /** {@link #submit} and {@link #await}; for calls whose result holds nothing to wipe. */
    public <T> T call(String what, Supplier<T> task) {
        return await(what, submit(what, task, discarded -> {}));
    }

    /** Makes one call to one master key on this thread: bounded, typed, told. The result is never null. */
    public <T> T invoke(MasterKey key, Operation operation, Supplier<@Nullable T> call) {
        if (key.inProcess() && operation != Operation.ROTATE && operation != Operation.REFRESH) {
            return answered(key, operation, call);
        }
        Bounds bound = bounds.computeIfAbsent(key, k -> new Bounds());
        Semaphore places = operation == Operation.UNWRAP ? bound.opening : bound.sealing;
        enter(key, operation, places);
        long from = time.nanoTime();
        ErrorCode outcome = null;
        try {
            return answered(key, operation, call);
        } catch (KmsException e) {
            outcome = e.code();
            throw e;
        } finally {
            places.release();
            events.tell(new KmsEvent.ProviderCall(
                    time.instant(), name(operation), key.uri(), outcome, Duration.ofNanos(time.nanoTime() - from)));
        }
    }

    private <T> T answered(MasterKey key, Operation operation, Supplier<@Nullable T> call) {
        String what = name(operation) + " with " + key.uri();
        T answer;
        try {
            answer = call.get();
        } catch (Throwable e) {
            throw typed(what, e);
        }
        if (answer == null) {
            throw new UnavailableException(
                    "The provider gave no usable answer: " + what + ".",
                    "It returned nothing where a key was due.",
                    "Check that the provider module fits this release; repeating may help.");
        }
        return answer;
    }

    private void enter(MasterKey key, Operation operation, Semaphore places) {
        try {
            if (places.getQueueLength() < MOST_WAITING && places.tryAcquire(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CallInterruptedException(
                    "The wait was interrupted: " + name(operation) + " with " + key.uri() + ".",
                    "Another thread asked this one to stop, or its deadline passed.",
                    "Nothing is lost; repeat the call if it is still wanted.",
                    e);
        }
        throw new OverloadedException(
                "The call was not begun: " + name(operation) + " with " + key.uri() + ".",
                MOST_CALLS + " such calls are under way already, and others wait.",
                "Repeat it later; if this goes on, look at the provider's latency and at how many distinct encryption"
                        + " contexts are used.");
    }

    private static String name(Operation operation) {
        return operation.name().toLowerCase(Locale.ROOT);
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

    private UnavailableException late(String what) {
        return new UnavailableException(
                "No answer within " + deadline.toMillis() + " ms: " + what + ".",
                "The provider is slow, hangs, or cannot be reached.",
                "Repeat the call; check the provider and the network, or set a longer deadline.");
    }

    private static ClosedException closedError() {
        return new ClosedException(
                "The key manager is closed.", "close() was called before.", "Open a new one, and close it last.");
    }

    /** Waits up to the deadline for calls under way, then interrupts them. */
    @Override
    public void close() {
        closed = true;
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

    private static final class Bounds {
        final Semaphore sealing = new Semaphore(MOST_CALLS);
        final Semaphore opening = new Semaphore(MOST_CALLS);
    }
}
