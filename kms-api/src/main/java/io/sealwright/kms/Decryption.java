package io.sealwright.kms;

import java.nio.ByteBuffer;

/** One message about to be opened: options, then one terminal call. Not safe for concurrent use. */
public interface Decryption extends DecryptionOptions<Decryption> {
    /** Opens into a new array, which is the caller's to wipe. */
    byte[] toBytes();

    /**
     * Opens into text.
     *
     * @throws IllegalStateException if the plaintext is not UTF-8
     */
    String toText();

    /**
     * Opens into the caller's array. If opening fails, the range that the plaintext would have filled is wiped.
     *
     * @param out room for the plaintext behind {@code offset}; the message's own length always suffices
     * @return how many bytes were written
     * @throws IllegalArgumentException if there is too little room; nothing is written then
     */
    int into(byte[] out, int offset);

    /**
     * Opens into the buffer from its position on, which moves behind the plaintext; as {@link #into(byte[], int)}.
     *
     * @return how many bytes were written
     */
    int into(ByteBuffer out);

    /** Opens, and tells what the verified header said. */
    DecryptionResult result();
}
