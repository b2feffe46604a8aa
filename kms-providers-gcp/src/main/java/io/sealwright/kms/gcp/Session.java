package io.sealwright.kms.gcp;

import com.google.api.core.ApiFuture;
import com.google.api.gax.grpc.GrpcCallContext;
import com.google.api.gax.httpjson.HttpJsonCallContext;
import com.google.api.gax.rpc.ApiCallContext;
import com.google.api.gax.rpc.ApiException;
import com.google.api.gax.rpc.UnaryCallable;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What several keys of one service share: client, channel, credentials. Made at the first call and closed with the last of its keys; a
 * client that was given is never closed. Each request is sent once. Safe for concurrent use.
 *
 * @param <C> the client's type
 */
final class Session<C> {
    /** Past the deadline that the transport itself keeps; only a transport that is broken gets here. */
    private static final Duration GRACE = Duration.ofMillis(500);

    /** Makes a connection; reads credentials the first time, connects to nothing yet. */
    interface Opening<C> {
        Connection<C> open() throws java.io.IOException;

        /** What was read is dead: it is read anew. */
        default void forgetCredentials() {}
    }

    private final Opening<C> opening;
    private final Duration timeout;
    private final ReentrantLock lock = new ReentrantLock(); // around opening and closing
    private int users; // guarded by lock
    private volatile @Nullable Connection<C> connection; // written under lock

    Session(Opening<C> opening, Duration timeout) {
        this.opening = opening;
        this.timeout = timeout;
    }

    /** One more key uses it; the first one after the last was closed begins anew. */
    Session<C> retain() {
        lock.lock();
        try {
            users++;
            return this;
        } finally {
            lock.unlock();
        }
    }

    /** One key less; after the last, calls that may be under way end. */
    void release() {
        lock.lock();
        try {
            Connection<C> there = connection;
            if (--users == 0 && there != null) {
                connection = null;
                there.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** For one operation of a key. */
    Deadline deadline() {
        return Deadline.after(timeout);
    }

    /**
     * Asks once, and waits.
     *
     * @param what for errors, as in {@code "encrypt with gcp-kms://…"}
     * @param resource what the request names
     * @throws Refusal if something else than OK came
     * @throws UnavailableException if there are no credentials, or nothing came
     * @throws CallInterruptedException if interrupted; the flag stays
     */
    <Q, A> A ask(String what, String resource, Function<C, UnaryCallable<Q, A>> method, Q request, Deadline deadline)
            throws Refusal {
        return begin(what, resource, method, request, deadline).await();
    }

    /** As {@link #ask}, without waiting for the answer. */
    <Q, A> Asked<A> begin(
            String what, String resource, Function<C, UnaryCallable<Q, A>> method, Q request, Deadline deadline)
            throws Refusal {
        Connection<C> to = connection(what);
        if (deadline.passed()) {
            throw late(what, deadline, null);
        }
        try {
            ApiFuture<A> answer = method.apply(to.client()).futureCall(request, context(to, deadline));
            return new Asked<>(to, answer, what, resource, deadline);
        } catch (ApiException e) {
            throw new Refusal(e, resource);
        } catch (RuntimeException e) { // as RejectedExecutionException of a client that was closed
            throw failed(what, e);
        }
    }

    /** A request that is under way. */
    final class Asked<A> {
        private final Connection<C> to;
        private final ApiFuture<A> answer;
        private final String what;
        private final String resource;
        private final Deadline deadline;

        private Asked(Connection<C> to, ApiFuture<A> answer, String what, String resource, Deadline deadline) {
            this.to = to;
            this.answer = answer;
            this.what = what;
            this.resource = resource;
            this.deadline = deadline;
        }

        /** Waits, with the outcomes of {@link Session#ask}. */
        A await() throws Refusal {
            try {
                return answer.get(deadline.requestTimeout().plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                giveUp();
                to.suspect();
                throw CallInterruptedException.during(what, e);
            } catch (TimeoutException e) {
                giveUp();
                to.suspect();
                throw late(what, deadline, e);
            } catch (CancellationException e) {
                throw failed(what, e);
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof ApiException refused)) {
                    throw failed(what, e.getCause() == null ? e : e.getCause());
                }
                Refusal refusal = new Refusal(refused, resource);
                if (refusal.ofCredentials()) {
                    opening.forgetCredentials();
                    to.suspect();
                } else if (refusal.mayBeTheWays()) {
                    to.suspect();
                }
                throw refusal;
            }
        }

        /** Nobody wants the answer any more. */
        void giveUp() {
            boolean unused = answer.cancel(true);
        }
    }

    /** One attempt, whatever the client's own settings say, and no longer than is left. */
    private static ApiCallContext context(Connection<?> to, Deadline deadline) {
        ApiCallContext context = to.rest() ? HttpJsonCallContext.createDefault() : GrpcCallContext.createDefault();
        return context.withTimeoutDuration(deadline.requestTimeout()).withRetryableCodes(Set.of());
    }

    private Connection<C> connection(String what) {
        Connection<C> there = connection;
        if (there != null && !there.failed()) {
            return there;
        }
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException e) {
            throw CallInterruptedException.during(what, e);
        }
        try {
            if (users == 0) {
                throw new ClosedException(
                        "The call was not begun: " + what + ".",
                        "The key's connection was closed with the manager that it belongs to.",
                        "Open a new KeyManager, or keep the old one open until the last call has ended.");
            }
            Connection<C> old = connection;
            if (old != null && !old.failed()) {
                return old; // made while this thread waited
            }
            Connection<C> fresh = opening.open();
            connection = fresh;
            if (old != null) {
                old.retire();
            }
            return fresh;
        } catch (KmsException e) {
            throw e;
        } catch (java.io.IOException | RuntimeException e) { // the latter of files that are almost right
            throw new UnavailableException(
                    "Google was not asked: " + what + ".",
                    "There are no credentials that can be used (" + e.getClass().getSimpleName() + ").",
                    "Set GOOGLE_APPLICATION_CREDENTIALS, give the machine a service account, run 'gcloud auth"
                            + " application-default login', or give GcpOptions credentials.",
                    Causes.shown(e));
        } finally {
            lock.unlock();
        }
    }

    private static UnavailableException late(String what, Deadline deadline, @Nullable Exception cause) {
        return new UnavailableException(
                "Google gave no usable answer: " + what + ".",
                "No whole answer came within " + deadline.whole().toMillis() + " ms.",
                "Repeat the call; check the network, or set a longer deadline.",
                cause);
    }

    /** An answer that came whole, and is not what was asked for. */
    static UnavailableException corrupt(String what, String why) {
        return new UnavailableException(
                "Google gave no usable answer: " + what + ".",
                why,
                "Repeat the call: bytes may have been changed on the way. If it goes on, check the endpoint and the memory of"
                        + " this machine.");
    }

    private static UnavailableException failed(String what, Throwable cause) {
        return new UnavailableException(
                "Google was not asked: " + what + ".",
                "The client refused or dropped the call (" + cause.getClass().getSimpleName() + ").",
                "Repeat the call; if the client was given by the program, it must stay open as long as the key is used.",
                Causes.shown(cause));
    }
}
