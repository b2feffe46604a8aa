package io.sealwright.kms.spi;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Collects the body of one answer over HTTP, as long as it is short enough: whoever answers may never end. The body may
 * hold a key, and lies in one array at a time: each that is outgrown, and the last one if nobody gets it, is wiped. For
 * providers that ask by the JDK's client, as in {@code client.sendAsync(request, head -> body)}; the wait for it, which a
 * dripping answer makes long, is bounded by who waits. Safe for concurrent use.
 */
public final class LimitedBody implements HttpResponse.BodySubscriber<byte[]> {
    /** The answer has more bytes than are taken. */
    public static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1L;

        private TooLongException(int mostBytes) {
            super("the answer has more than " + mostBytes + " bytes");
        }
    }

    private static final int FIRST_BYTES = 4096;

    private final int mostBytes;
    private final IntFunction<byte[]> arrays;
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private byte[] bytes; // guarded by this
    private int length; // guarded by this
    private boolean ended; // guarded by this
    private Flow.@Nullable Subscription subscription; // guarded by this

    /**
     * For one answer.
     *
     * @param mostBytes how many are taken; one more ends the exchange with a {@link TooLongException}
     * @throws IllegalArgumentException if it is negative
     */
    public LimitedBody(int mostBytes) {
        this(mostBytes, byte[]::new);
    }

    /** @param arrays makes those that bytes are put into */
    LimitedBody(int mostBytes, IntFunction<byte[]> arrays) {
        if (mostBytes < 0) {
            throw new IllegalArgumentException("mostBytes must be zero or more, not " + mostBytes);
        }
        this.mostBytes = mostBytes;
        this.arrays = arrays;
        this.bytes = arrays.apply(Math.min(FIRST_BYTES, mostBytes));
    }

    /** The whole body, once it is there: not a copy, so that {@link #wipe} reaches it. */
    @Override
    public CompletionStage<byte[]> getBody() {
        return body;
    }

    @Override
    public synchronized void onSubscribe(Flow.Subscription given) {
        subscription = given;
        if (ended) {
            given.cancel();
        } else {
            given.request(Long.MAX_VALUE);
        }
    }

    @Override
    public synchronized void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            int more = buffer.remaining();
            if (ended) {
                return;
            }
            if (more > mostBytes - length) {
                fail(new TooLongException(mostBytes));
                return;
            }
            if (length + more > bytes.length) {
                resize(Math.min(mostBytes, Math.max(length + more, 2 * bytes.length)));
            }
            buffer.get(bytes, length, more);
            length += more;
        }
    }

    /** Ends it without a body and wipes what came, also before anything did: for an answer whose head is refused. */
    @Override
    public void onError(Throwable failure) {
        fail(failure);
    }

    @Override
    public void onComplete() {
        byte[] whole;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            if (length < bytes.length) {
                resize(length);
            }
            whole = bytes;
        }
        body.complete(whole);
    }

    /** Wipes what came, also when the body was given out already; what comes later is dropped. */
    public synchronized void wipe() {
        ended = true;
        Arrays.fill(bytes, (byte) 0);
    }

    private synchronized void fail(Throwable failure) {
        wipe();
        if (subscription != null) {
            subscription.cancel();
        }
        body.completeExceptionally(failure);
    }

    private synchronized void resize(int size) {
        byte[] before = bytes;
        bytes = arrays.apply(size);
        System.arraycopy(before, 0, bytes, 0, length);
        Arrays.fill(before, (byte) 0);
    }
}
