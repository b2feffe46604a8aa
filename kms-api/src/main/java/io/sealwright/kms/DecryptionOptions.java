package io.sealwright.kms;

/**
 * What every form of decrypting can be told. Each method returns the same object; not safe for concurrent use.
 *
 * @param <T> the form itself
 */
public interface DecryptionOptions<T extends DecryptionOptions<T>> {
    /**
     * States one more pair that the message must be bound to. All pairs must be stated, and no other.
     *
     * @throws IllegalArgumentException if the name stands already or is reserved, or as for {@link EncryptionContext}
     */
    T context(String name, String value);

    /**
     * States these pairs, besides those given before.
     *
     * @throws IllegalArgumentException as for {@link #context(String, String)}
     */
    T context(EncryptionContext context);

    /**
     * Gives the bytes the message was bound to.
     *
     * @param associatedData read until the terminal call returns, not copied
     * @throws IllegalStateException if given twice
     */
    T associatedData(byte[] associatedData);

    /**
     * Accepts these levels only. {@link SecurityLevel#STANDARD} stands for 1 to 4; 2, 3 and 4 for themselves alone. The
     * default is 1 to 4.
     */
    T requireLevel(SecurityLevel... levels);

    /** Accepts a message whose body is in the clear (level 0), which proves nothing. Causes an event. */
    T allowUnencrypted();

    /** Accepts a message under a key that is marked compromised. Causes an event. */
    T allowCompromised();
}
