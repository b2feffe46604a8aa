package io.sealwright.kms.testkit.gcp;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Stands before both services: counts, looks at tokens and permissions, refuses. Safe for concurrent use. */
final class Gatekeeper implements ServerInterceptor {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    /**
     * A status that is always given.
     *
     * @param method the only method that it is given to, or empty
     */
    record Refusal(String method, StatusRuntimeException status) {}

    private final List<String> calls = new CopyOnWriteArrayList<>();
    private volatile @Nullable Set<String> tokens;
    private volatile @Nullable Set<String> permissions;
    private volatile @Nullable Refusal refusal;
    private volatile Duration delay = Duration.ZERO;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger mostWaiting = new AtomicInteger();

    List<String> calls() {
        return calls;
    }

    /** Null: no token is asked for. */
    void tokens(@Nullable Set<String> accepted) {
        tokens = accepted;
    }

    /** Null: all. */
    void permissions(@Nullable Set<String> granted) {
        permissions = granted;
    }

    /** Null: nothing is refused. */
    void refusal(@Nullable Refusal now) {
        refusal = now;
    }

    /** Of each answer; counts {@link #mostAtOnce} anew. */
    void delay(Duration now) {
        delay = now;
        mostWaiting.set(0);
    }

    int mostAtOnce() {
        return mostWaiting.get();
    }

    /** Each call has a thread of the server's. */
    private void await(Duration time) {
        int now = waiting.incrementAndGet();
        mostWaiting.accumulateAndGet(now, Math::max);
        try {
            TimeUnit.MILLISECONDS.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the server ends
        } finally {
            waiting.decrementAndGet();
        }
    }

    /** @throws StatusRuntimeException if the caller does not have it */
    void demand(String permission, String resource, String preposition) {
        Set<String> granted = permissions;
        if (granted != null && !granted.contains(permission)) {
            throw Errors.denied(permission, resource, preposition);
        }
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
        calls.add(method);
        Duration late = delay;
        if (!late.isZero()) {
            await(late);
        }
        Refusal now = refusal;
        if (now != null && (now.method().isEmpty() || now.method().equals(method))) {
            return refused(call, now.status());
        }
        Set<String> accepted = tokens;
        String authorization = headers.get(AUTHORIZATION);
        if (accepted != null
                && (authorization == null
                        || !authorization.startsWith("Bearer ")
                        || !accepted.contains(authorization.substring("Bearer ".length())))) {
            return refused(
                    call,
                    Errors.of(
                            Status.Code.UNAUTHENTICATED,
                            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or"
                                    + " other valid authentication credential."));
        }
        return next.startCall(call, headers);
    }

    private static <Q> ServerCall.Listener<Q> refused(ServerCall<Q, ?> call, StatusRuntimeException status) {
        Metadata trailers = status.getTrailers();
        call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
        return new ServerCall.Listener<>() {};
    }
}
