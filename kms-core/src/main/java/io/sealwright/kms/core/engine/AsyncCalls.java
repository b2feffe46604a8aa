package io.sealwright.kms.core.engine;

import io.sealwright.kms.AsyncKeyManager;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.opening.OpenPolicy;
import java.util.concurrent.CompletableFuture;
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
                var suite = suiteFor(plaintext.length);
                return target().ready()
                        .thenApply(
                                target -> bodies.seal(target, suite, plaintext, 0, plaintext.length, associatedData()));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
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
                return kms.openings()
                        .findAsync(message, 0, message.length, policy)
                        .thenApply(epoch -> bodies.open(message, 0, message.length, aad, policy, epoch));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }
    }
}
