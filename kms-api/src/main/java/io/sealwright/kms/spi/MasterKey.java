package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import java.security.SecureRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * A key that never leaves its provider (or that this process holds in its stead) and wraps other keys. Safe for
 * concurrent use. Methods that say so may block on the network; the engine calls them on its own threads under a total
 * deadline, so an implementation needs no retry, breaker or cache of its own and must not swallow interrupts.
 *
 * <p>Every blocking method throws {@link io.sealwright.kms.error.UnavailableException} if no usable answer came,
 * {@link io.sealwright.kms.error.PermissionDeniedException} if the provider knows the caller and says no, and
 * {@link io.sealwright.kms.error.KeyNotFoundException} if there is no such key.
 */
public interface MasterKey extends AutoCloseable {
    /** The URI as configured, without credentials; for people and events. Does not block. */
    String uri();

    /**
     * Tells whether {@link #generate}, {@link #wrap} and {@link #unwrap} only compute: no network, no file. The engine then
     * calls them on the caller's own thread.
     */
    default boolean inProcess() {
        return false;
    }

    /**
     * Tells whether this key can be the one that made {@code recipient}: a comparison of ids in memory. Must not block,
     * resolve, connect or load anything, since the recipient is not authenticated yet.
     */
    boolean recognizes(Recipient recipient);

    /**
     * Tells whether wrapping anew would give another key version than {@code recipient}'s. Does not block; false if
     * the provider renews by itself.
     */
    boolean isOutdated(Recipient recipient);

    /**
     * Looks for versions of the key that appeared since the last look. May block.
     *
     * @return whether anything changed
     */
    default boolean refresh() {
        return false;
    }

    /**
     * Makes a fresh 32-byte key and its wrap. May block.
     *
     * <p>The default draws it here and wraps it; vendors with a call of their own use that, since permissions often
     * allow only it.
     */
    default GeneratedKey generate(WrapBinding binding) {
        byte[] fresh = new byte[32];
        new SecureRandom().nextBytes(fresh);
        SecretBytes key = SecretBytes.owning(fresh);
        try {
            return new GeneratedKey(key, wrap(key, binding));
        } catch (RuntimeException | Error e) {
            key.close();
            throw e;
        }
    }

    /**
     * Wraps {@code key} under the newest version. May block.
     *
     * @param key 16 to 64 bytes; neither kept nor closed
     */
    Recipient wrap(SecretBytes key, WrapBinding binding);

    /**
     * Unwraps what {@link #wrap} or {@link #generate} made under the same binding. May block.
     *
     * @return the key, which the caller closes
     * @throws io.sealwright.kms.error.AuthenticationFailedException if the wrap, the binding or the key differ
     */
    SecretBytes unwrap(Recipient recipient, WrapBinding binding);

    /**
     * Asks whether the key can be used at all. May block.
     *
     * @return one line that tells what it is and how it is
     */
    String check();

    /**
     * Makes a new version which later wraps use; older ones go on unwrapping. May block.
     *
     * @return the new version's id
     */
    String rotate();

    /** {@link #generate} without holding the caller's thread. */
    default CompletionStage<GeneratedKey> generateAsync(WrapBinding binding, Executor executor) {
        return CompletableFuture.supplyAsync(() -> generate(binding), executor);
    }

    /** {@link #wrap} without holding the caller's thread. */
    default CompletionStage<Recipient> wrapAsync(SecretBytes key, WrapBinding binding, Executor executor) {
        return CompletableFuture.supplyAsync(() -> wrap(key, binding), executor);
    }

    /** {@link #unwrap} without holding the caller's thread. */
    default CompletionStage<SecretBytes> unwrapAsync(Recipient recipient, WrapBinding binding, Executor executor) {
        return CompletableFuture.supplyAsync(() -> unwrap(recipient, binding), executor);
    }

    /** Releases what the key holds and wipes what it can. Does not throw. */
    @Override
    void close();
}
