package io.sealwright.kms;

/**
 * What every form of encrypting can be told. Each method returns the same object, so that calls read as a sentence;
 * not safe for concurrent use.
 *
 * @param <T> the form itself
 */
public interface EncryptionOptions<T extends EncryptionOptions<T>> {
    /**
     * Binds one more pair to the message's key. Opening must state it again. Few distinct values, please: each costs a
     * data key.
     *
     * @throws IllegalArgumentException if the name stands already or is reserved, or as for {@link EncryptionContext}
     */
    T context(String name, String value);

    /**
     * Binds these pairs, besides those given before.
     *
     * @throws IllegalArgumentException as for {@link #context(String, String)}
     */
    T context(EncryptionContext context);

    /**
     * Binds bytes to this message alone (a row id, a column's name). Not stored: opening must give them again.
     *
     * @param associatedData any length; read until the terminal call returns, not copied
     * @throws IllegalStateException if given twice
     */
    T associatedData(byte[] associatedData);

    /**
     * Seals under the newest version of this named key instead of the master keys. Given several times (also with
     * {@link #masterKey}), every one of them is a recipient: the first makes the root, any one opens.
     */
    T key(String name);

    /**
     * Adds this one of the manager's master keys as a recipient; without any, all those that wrap are.
     *
     * @param uri as configured
     */
    T masterKey(String uri);

    /**
     * Derives the message's keys from the named key itself: no recipient, 123 bytes over plaintext and context.
     * Re-wrapping such a message encrypts it anew. Needs exactly one {@link #key}.
     */
    T direct();

    /**
     * Demands a security level; default {@link SecurityLevel#STANDARD}. With {@link SecurityLevel#NONE} the body stays
     * in the clear.
     */
    T level(SecurityLevel level);

    /** Chooses how the body is encrypted; default as the manager was built. */
    T suite(Suite suite);
}
