package io.sealwright.kms;

/**
 * Which key of a manager stands behind one recipient of a message. It was compared, not opened: whoever made the bytes
 * chose them.
 *
 * @param kind what it is
 * @param key the master key's URI, the named key's name, or the recipient's id as text if no key here recognises it
 * @param version the version as the key calls it; empty if no key here recognises it
 * @param newest whether wrapping anew would give the same version; of a passphrase, false until this manager has opened a message
 *     with the same salt, since only that tells which passphrase it is
 */
public record RecipientKey(Kind kind, String key, String version, boolean newest) {
    /** What stands behind a recipient. */
    public enum Kind {
        /** A master key of the manager. */
        MASTER_KEY,
        /** A named key of the manager's store. */
        NAMED_KEY,
        /** Nothing that the manager knows. */
        UNKNOWN
    }
}
