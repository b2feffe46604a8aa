package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;

/**
 * A place that keeps a master key's bytes and gives them to this process: a variable, a secret store. The engine makes a
 * {@link MasterKey} of it, which wraps in process; it fetches once, keeps what it got within the bounds of the manager,
 * and asks again. Safe for concurrent use.
 *
 * <p>Methods that say so may block; the engine calls them on its own threads under a total deadline, with retry, breaker
 * and events around them, so an implementation needs none of these and must not swallow interrupts. What an answer means
 * is told by the exception's type:
 *
 * <ul>
 *   <li>{@link io.sealwright.kms.error.KeyNotFoundException}: the store itself says that the secret is not there or
 *       deleted;
 *   <li>{@link RefusedException} with {@link ErrorCode#KMS_KEY_STATE_REFUSED}: it says that the secret, or its current
 *       version, is disabled or about to be deleted;
 *   <li>{@link io.sealwright.kms.error.PermissionDeniedException}: it knows the caller, whose credentials are alive, and
 *       says no;
 *   <li>{@link io.sealwright.kms.error.ConfigurationException}: the secret is there, but holds no key in the form that
 *       is due (what was found is told by {@link KeyText#shape}, never by its characters), or the settings cannot be
 *       right;
 *   <li>{@link io.sealwright.kms.error.UnavailableException}: everything else, such as no answer, throttling, dead
 *       credentials, a proxy's page.
 * </ul>
 */
public interface SecretSource extends AutoCloseable {
    /**
     * A source of one secret that the program has already: a passphrase that was typed, a key from a vault of its own.
     *
     * @param uri a name for it, as {@code passphrase:backup}; for people and events
     * @param version taken over, and closed with the source
     */
    static SecretSource of(String uri, SecretVersion version) {
        return new FixedSecretSource(uri, version);
    }

    /** The URI as configured, without credentials; for people and events. Does not block. */
    String uri();

    /**
     * Tells whether {@link #fetch} only looks at this machine (variables, a file), so that it is cheap to ask every
     * second. Does not block.
     */
    default boolean onThisMachine() {
        return false;
    }

    /**
     * Gets every version that the store still gives. May block.
     *
     * @return what the caller closes
     */
    SecretVersions fetch();

    /** Tells whether {@link #write} can put a new key there at all. Does not block. */
    default boolean writable() {
        return false;
    }

    /**
     * Puts a new key there as the current version, in the store's own form; what was current becomes previous. May
     * block. Not repeated by the engine, since an answer that was lost may have been a success.
     *
     * @param key 32 bytes; neither kept nor closed
     * @param expected the revision that the secret must still have, from {@link SecretVersions#revision}; empty: the
     *     secret must not be there yet
     * @return what the store calls the new version
     * @throws io.sealwright.kms.error.StoreException with {@link ErrorCode#KMS_STORE_CONFLICT} if the secret has
     *     changed since; nothing was written
     * @throws RefusedException with {@link ErrorCode#KMS_OPERATION_REFUSED} if this store takes no key from here; says
     *     how it is done instead
     */
    default String write(SecretBytes key, String expected) {
        throw new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "A new key cannot be put into " + uri() + ".",
                "This library only reads there.",
                "Put the new key there by the store's own means.");
    }

    /**
     * Asks whether the secret can be read, without bringing it into memory where the store allows that. May block.
     *
     * @return one line that tells what it is and how it is, without the secret
     */
    default String check() {
        try (SecretVersions versions = fetch()) {
            int others = versions.previous().size() + (versions.next().isPresent() ? 1 : 0);
            return uri() + ": current version " + versions.current().name()
                    + (others == 0 ? "" : ", " + others + " that only " + (others == 1 ? "opens" : "open"));
        }
    }

    /** Releases what the source holds and wipes what it can. Does not throw. */
    @Override
    void close();
}
