package io.sealwright.kms.spi;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * A key that never leaves its provider (or that this process holds in its stead) and wraps other keys. Safe for
 * concurrent use. Methods that say so may block on the network; the engine calls them on its own threads under a total
 * deadline, repeats them, and stops calling a provider that is away, so an implementation has no retry, breaker or cache
 * of its own (a vendor client's own are switched off), makes one attempt a call, and ends with an error soon after its
 * thread was interrupted.
 *
 * <p><b>What an answer means is told by the type of the exception.</b> Every blocking method throws one of these and
 * nothing else, and never guesses: what is not surely one of the others is {@code UnavailableException}.
 *
 * <ul>
 *   <li>{@link io.sealwright.kms.error.KeyNotFoundException}: the provider's own, structured answer that the key, or the
 *       version in question, does not exist or was deleted.
 *   <li>{@link io.sealwright.kms.error.RefusedException} with code
 *       {@link io.sealwright.kms.error.ErrorCode#KMS_KEY_STATE_REFUSED}: its own, structured answer that the key, or the
 *       version, is there and disabled, pending deletion, or otherwise in a state that forbids the operation.
 *   <li>{@link io.sealwright.kms.error.PermissionDeniedException}: its own, structured answer that this caller may not,
 *       while the caller's credentials are known to be alive: by a code that says so, or by a question of its own whose
 *       answer only live credentials get.
 *   <li>{@link io.sealwright.kms.error.AuthenticationFailedException}: {@link #unwrap} only: the wrap is not one of this
 *       key's, was changed, or was made under another binding.
 *   <li>{@link io.sealwright.kms.error.UnavailableException}: everything else, which is <em>no answer</em>: nothing came,
 *       a bare status without the provider's own body, a proxy's or a portal's page, an answer that was cut or does not
 *       parse, throttling and quotas, expired or unknown credentials and failing to fetch them, a sealed or starting
 *       server, DNS, TLS.
 * </ul>
 *
 * <p>The first three are a <em>definite no</em>. From {@link #generate} and {@link #wrap} under a data key, and from
 * {@link #unwrap} of a wrap that has been unwrapped before, the engine ends at once what that key gave: all entries of the
 * version that {@link #versionOf} names, or, if denied, those of the operation and context. So one said wrongly loses an
 * application its keys in the middle of an outage, and one not said keeps a revoked key alive. The answer to a wrap that
 * never opened ends nothing, since whoever sent it chose it.
 *
 * <p>Only "no answer" is repeated, and only it opens the breaker. No message of an error holds key bytes, credentials, or
 * a provider's answer as a whole. {@code OverloadedException} is the engine's own and never thrown here.
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
     * Tells whether {@code recipient} may be this key's without {@link #recognizes} being able to tell: the key is configured by
     * something that its provider has to resolve first (an alias, a secret), that has not been done, and the recipient is of
     * this key's kind and could be what comes of it. The engine then calls {@link #refresh}, which resolves it, before it
     * says that no key matches; and where that gets no answer, "no answer" is what the caller is told.
     *
     * <p>Bounds as for {@link #recognizes}: a comparison in memory that does not throw, whatever the recipient holds. False for
     * another kind of recipient, so that a foreign message causes no connection; false for all once the key is resolved. The
     * default, false, is right where the configuration alone tells the key's id.
     */
    default boolean mightRecognize(Recipient recipient) {
        return false;
    }

    /**
     * Tells whether {@code recipient}, which {@link #recognizes} does not accept, may be of a version of this key that is not known
     * here yet, as where ids are made of the key's material and another process has just rotated it. When no key recognises a
     * recipient, the engine calls {@link #refresh} of such keys alone, once a second at most, and then asks
     * {@link #recognizes} once more.
     *
     * <p>Bounds as for {@link #recognizes}. False for another kind of recipient, and while {@link #mightRecognize} is true. The
     * default, false, is right where the id names the key whatever its version: then nothing that a message says makes the
     * provider be asked.
     */
    default boolean mightBeNewer(Recipient recipient) {
        return false;
    }

    /**
     * Tells whether wrapping anew would give another key version than {@code recipient}'s. Does not block; false if
     * the provider renews by itself, or while no newer version is known: the engine calls {@link #refresh} first. Where only
     * unwrapping tells, true until then: the engine asks once more after it has unwrapped.
     */
    boolean isOutdated(Recipient recipient);

    /**
     * Names the version of the key that made {@code recipient}, so that a definite no about one version ends nothing of the
     * others. A comparison in memory as {@link #recognizes}: whatever the recipient holds, it does not block and does not
     * throw. The default, the recipient's id, is right where the id names the version, and where a key is disabled and
     * deleted as a whole.
     */
    default String versionOf(Recipient recipient) {
        return HexFormat.of().formatHex(recipient.id());
    }

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
     * How many wraps {@link #unwrapAll} takes at once. Does not block. 1, the default, where the provider has no call for
     * several; {@code unwrapAll} is then never called.
     */
    default int largestBatch() {
        return 1;
    }

    /**
     * Unwraps several wraps by one call to the provider. May block. It saves calls and nothing else: whatever is not
     * unwrapped here is unwrapped alone when it is needed, and that call says why it cannot be.
     *
     * @param wrapped at most {@link #largestBatch}, each of which {@link #recognizes} accepts; not modified
     * @return as many as given, in their order: the key, which the caller closes, or empty where {@link #unwrap} would throw
     *     for this wrap alone
     */
    default List<Optional<SecretBytes>> unwrapAll(List<WrappedKey> wrapped) {
        return wrapped.stream().map(one -> Optional.<SecretBytes>empty()).toList();
    }

    /**
     * Asks whether the key can be used at all. May block.
     *
     * @return one line that tells what it is and how it is
     */
    String check();

    /**
     * Asks what the provider tells about the key: for people, and never relied on. May block. A key that is disabled is
     * told as such, without an error, where the provider tells it.
     *
     * <p>The default is {@link #check} and nothing more.
     */
    default MasterKeyMetadata metadata() {
        String unused = check();
        return MasterKeyMetadata.enabled(uri());
    }

    /**
     * Makes a new version which later wraps use; older ones go on unwrapping. May block. Never repeated by the engine: if
     * no answer came, it may have been done.
     *
     * @return the new version's id
     * @throws io.sealwright.kms.error.RefusedException with code {@code KMS_OPERATION_REFUSED} if that is not the
     *     provider's to do; its remedy says how it is done instead
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
