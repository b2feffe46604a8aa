package io.sealwright.kms.aws;

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
 * Collects a body, as long as it is short enough and nobody has to inflate it. It may hold a key, and lies in one array at
 * a time: each that is outgrown, and the last one if nobody gets it, is wiped.
 */
final class LimitedBody implements HttpResponse.BodySubscriber<byte[]>, HttpResponse.BodyHandler<byte[]> {
    /** The answer has more bytes than are taken. */
    static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /** The answer is compressed, so that its length says nothing of what it would become. */
    static final class EncodedException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    private static final int FIRST_BYTES = 4096;

    private final int mostBytes;
    private final IntFunction<byte[]> arrays;
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private byte[] bytes; // guarded by this
    private int length; // guarded by this
    private boolean ended; // guarded by this
    private Flow.@Nullable Subscription subscription; // guarded by this

    LimitedBody(int mostBytes) {
        this(mostBytes, byte[]::new);
    }

    /** @param arrays makes those that bytes are put into */
    LimitedBody(int mostBytes, IntFunction<byte[]> arrays) {
        this.mostBytes = mostBytes;
        this.arrays = arrays;
        this.bytes = arrays.apply(Math.min(FIRST_BYTES, mostBytes));
    }

    /** Nobody asks for an encoding. The SDK would inflate gzip, to whatever size it has. */
    @Override
    public HttpResponse.BodySubscriber<byte[]> apply(HttpResponse.ResponseInfo info) {
        if (info.headers().firstValue("Content-Encoding").isPresent()) {
            fail(new EncodedException());
        }
        return this;
    }

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
                fail(new TooLongException());
                return;
            }
            if (length + more > bytes.length) {
                resize(Math.min(mostBytes, Math.max(length + more, 2 * bytes.length)));
            }
            buffer.get(bytes, length, more);
            length += more;
        }
    }

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
    synchronized void wipe() {
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
