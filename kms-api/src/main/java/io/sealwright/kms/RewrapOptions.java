package io.sealwright.kms;

/**
 * What both forms of re-wrapping can be told. Without a change of recipients each recipient gets the newest version of its
 * key, and those that are wanted and missing are added. Changes:
 *
 * <ul>
 *   <li>{@link #toMasterKeys} moves a message to the master keys that this manager wraps with, whatever it was under;
 *   <li>{@link #add}, {@link #remove} and {@link #replace} change one recipient each; they may be combined with each other.
 * </ul>
 *
 * <p>The root is unwrapped once and wrapped for each new recipient; what the new key wrapped is unwrapped and compared
 * before it takes the place of anything. <b>A recipient that is added can open every message of that data key; one that is
 * removed may have kept the root</b>: this moves messages, and revokes nothing.
 *
 * @param <T> the form itself
 */
public interface RewrapOptions<T extends RewrapOptions<T>> {
    /**
     * Gives the associated data, needed only where the body must be encrypted anew (direct messages, compromised
     * keys). Read until the terminal call returns.
     */
    T associatedData(byte[] associatedData);

    /** Accepts a message under a compromised key; its body is encrypted anew. Causes an event. */
    T allowCompromised();

    /**
     * Makes the recipients that are master keys those which this manager wraps with, in its order: missing ones are added,
     * those of keys that it only opens with are removed. Recipients that are named keys stay (they move with the store:
     * {@link MasterKeys#rewrapStored}), and so do direct messages and messages of named keys alone. Recipients that no key
     * here recognises stay and are reported, unless {@link #removeUnknown} is said.
     *
     * @throws IllegalStateException if single recipients are changed as well
     * @throws io.sealwright.kms.error.RefusedException if this manager wraps with no master key
     */
    T toMasterKeys();

    /**
     * Adds a recipient, behind the others; nothing if it is one already.
     *
     * @param masterKeyUri of a master key that this manager wraps with
     * @throws io.sealwright.kms.error.ConfigurationException if it is none
     */
    T add(String masterKeyUri);

    /**
     * Removes a recipient; nothing if it is none. The last one is never removed.
     *
     * @param masterKeyUri of a master key of this manager
     * @throws io.sealwright.kms.error.ConfigurationException if it is none
     */
    T remove(String masterKeyUri);

    /**
     * Puts a recipient in the place of another; nothing if {@code oldUri} is no recipient.
     *
     * @param oldUri of a master key of this manager
     * @param newUri of a master key that this manager wraps with
     * @throws io.sealwright.kms.error.ConfigurationException if either is none
     */
    T replace(String oldUri, String newUri);

    /** Removes recipients that no key of this manager recognises, which are kept otherwise: nobody else can check them. */
    T removeUnknown();
}
