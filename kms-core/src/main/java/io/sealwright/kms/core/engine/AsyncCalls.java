package io.sealwright.kms.core.engine;

import io.sealwright.kms.AsyncKeyManager;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.core.provider.Futures;
import io.sealwright.kms.core.sealing.SealingTarget;
import io.sealwright.kms.error.ClosedException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** The asynchronous forms: they wait for keys without a thread; the work itself is too short to hand over. */
final class AsyncCalls implements AsyncKeyManager {
    private final DefaultKeyManager kms;

    AsyncCalls(DefaultKeyManager kms) {
        this.kms = kms;
    }

    @Override
    public AsyncEncryption encrypt(byte[] plaintext) {
        return new Sealing(kms, plaintext);
    }

    @Override
    public AsyncDecryption decrypt(byte[] message) {
        return new Opening(kms, message);
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** Fails with the very exception that the plain call would have thrown, not with one wrapped round it. */
    private static CompletableFuture<byte[]> bare(CompletableFuture<byte[]> call) {
        CompletableFuture<byte[]> bare = new CompletableFuture<>();
        Futures.then(call, (done, failure) -> {
            if (failure != null) {
                bare.completeExceptionally(cause(failure));
            } else {
                bare.complete(done);
            }
        });
        return bare;
    }

    private static final class Sealing extends SealOptions<AsyncEncryption> implements AsyncEncryption {
        private final byte[] plaintext;

        Sealing(DefaultKeyManager kms, byte[] plaintext) {
            super(kms);
            this.plaintext = plaintext;
        }

        @Override
        AsyncEncryption self() {
            return this;
        }

        @Override
        public CompletionStage<byte[]> toBytes() {
            try {
                Bodies bodies = kms.bodies();
                if (clear()) {
                    return CompletableFuture.completedFuture(Bodies.clear(context(), plaintext, 0, plaintext.length));
                }
                return bare(sealed(bodies, suiteFor(plaintext.length)));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private CompletableFuture<byte[]> sealed(Bodies bodies, Suite suite) {
            SealingTarget target = target();
            return target.ready()
                    .thenApply(ready -> bodies.seal(ready, suite, plaintext, 0, plaintext.length, associatedData()))
                    .exceptionallyCompose(failure -> {
                        // A target may be evicted between two steps: look for it again, unless manager or master key
                        // was closed.
                        boolean again = cause(failure) instanceof ClosedException && target.closed() && !kms.closed();
                        return again ? sealed(bodies, suite) : CompletableFuture.failedFuture(cause(failure));
                    });
        }
    }

    private static final class Opening extends OpenOptions<AsyncDecryption> implements AsyncDecryption {
        private final byte[] message;

        Opening(DefaultKeyManager kms, byte[] message) {
            super(kms);
            this.message = message;
        }

        @Override
        AsyncDecryption self() {
            return this;
        }

        @Override
        public CompletionStage<byte[]> toBytes() {
            try {
                Bodies bodies = kms.bodies();
                OpenPolicy policy = policy();
                byte[] aad = associatedData();
                if (HeaderParser.looksClear(message, 0, message.length)) {
                    return CompletableFuture.completedFuture(bodies.open(message, 0, message.length, aad, policy));
                }
                return bare(kms.openings()
                        .findAsync(message, 0, message.length, policy)
                        .thenApply(epoch -> bodies.open(message, 0, message.length, aad, policy, epoch)));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }
    }
}
