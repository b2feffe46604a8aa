package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Threads for native calls. Nothing can interrupt such a call, so it is made by a thread that nobody waits for longer than
 * the deadline: a token that hangs holds at most as many threads as there are places, and they end when it comes back.
 */
final class NativeCalls {
    private static final long IDLE_SECONDS = 30;
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    /** Work with a token. */
    interface Work<T> {
        T run(Deadline deadline) throws CryptokiException;
    }

    private final int most;
    private final Semaphore places;
    private final ThreadPoolExecutor threads;

    /** @param most calls at once; also the most threads that can hang */
    NativeCalls(int most) {
        this.most = most;
        this.places = new Semaphore(most, true);
        // No bound of its own: a thread that has given its place back may not be idle yet when the next one takes it.
        this.threads = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), NativeCalls::thread);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "sealwright-pkcs11-" + NUMBERS.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Does the work on a thread of its own and waits for it.
     *
     * @param lost takes what the work gave when nobody waits for it any more
     * @throws UnavailableException if it did not end in time
     * @throws CallInterruptedException if the waiting thread was interrupted; its flag is kept
     */
    <T> T call(String what, Deadline deadline, Work<T> work, Consumer<T> lost) throws CryptokiException {
        try {
            if (!places.tryAcquire(deadline.nanosLeft(), TimeUnit.NANOSECONDS)) {
                throw new UnavailableException(
                        "The token did not answer in time: " + what + ".",
                        "All " + most + " calls that may be made at once are under way, and none has ended within "
                                + deadline.whole().toMillis() + " ms.",
                        "Look at the token and at what connects to it; calls go on by themselves when it answers.");
            }
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        }
        return await(what, deadline, begin(deadline, work), lost);
    }

    private <T> CompletableFuture<T> begin(Deadline deadline, Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            threads.execute(() -> {
                try {
                    result.complete(work.run(deadline));
                } catch (Throwable e) {
                    result.completeExceptionally(e);
                } finally {
                    places.release();
                }
            });
        } catch (RejectedExecutionException e) {
            places.release();
            throw closed(e);
        } catch (RuntimeException | Error e) {
            // No thread could be had.
            places.release();
            throw e;
        }
        return result;
    }

    private <T> T await(String what, Deadline deadline, CompletableFuture<T> result, Consumer<T> lost)
            throws CryptokiException {
        boolean taken = false;
        try {
            T value = result.get(deadline.nanosLeft(), TimeUnit.NANOSECONDS);
            taken = true;
            return value;
        } catch (ExecutionException e) {
            taken = true;
            throw rethrown(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new UnavailableException(
                    "The token did not answer in time: " + what + ".",
                    "Its library has not come back within " + deadline.whole().toMillis() + " ms.",
                    "Look at the token and at what connects to it; the call's thread ends when the library comes back.",
                    e);
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        } finally {
            if (!taken) {
                CompletableFuture<Void> unused = result.thenAccept(lost);
            }
        }
    }

    private static CryptokiException rethrown(Throwable cause) {
        if (cause instanceof CryptokiException returned) {
            return returned;
        }
        if (cause instanceof KmsException typed) {
            throw typed;
        }
        if (cause instanceof Error fatal) {
            throw fatal;
        }
        if (cause instanceof RuntimeException unexpected) {
            throw unexpected;
        }
        throw new IllegalStateException(cause);
    }

    /** @param cause null if that was noticed before anything began */
    static ClosedException closed(@Nullable Exception cause) {
        return new ClosedException(
                "The key on the token was closed.",
                "The manager that it belongs to was closed.",
                "Open a new KeyManager, or keep the old one open until the last call has ended.",
                cause);
    }

    private static CallInterruptedException interrupted(String what, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "The wait for the token was interrupted: " + what + ".",
                "Another thread asked this one to stop, or its deadline passed.",
                "Nothing is lost; repeat the call if it is still wanted.",
                cause);
    }

    /**
     * Does a last work, waits a little for it, and lets the threads end; those that hang end when the library comes back.
     */
    void close(Runnable last, Duration wait) {
        if (threads.isShutdown()) {
            return;
        }
        try {
            threads.execute(last);
            threads.shutdown();
            boolean unused = threads.awaitTermination(wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            // Closed by another thread at the same moment.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
