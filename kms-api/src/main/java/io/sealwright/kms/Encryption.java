package io.sealwright.kms;

import java.nio.ByteBuffer;

/** One message about to be sealed: options, then one terminal call. Not safe for concurrent use. */
public interface Encryption extends EncryptionOptions<Encryption> {
    /** Seals into a new array of exactly the message's length, which is the caller's. */
    byte[] toBytes();

    /** Seals into base64url text without padding (RFC 4648, section 5), for a column or a URL. */
    String toToken();

    /**
     * Seals into the caller's array, so that none has to be made, cleared and collected for the message: with large ones
     * that is felt.
     *
     * @param out at least {@link #maxSealedLength()} bytes behind {@code offset}; may be the plaintext's own array only
     *     if the ranges do not overlap
     * @return how many bytes were written
     * @throws IllegalArgumentException if there is too little room; nothing is written then
     */
    int into(byte[] out, int offset);

    /**
     * Seals into the buffer from its position on, which moves behind the message.
     *
     * @return how many bytes were written
     * @throws IllegalArgumentException if there is too little room; nothing is written then
     */
    int into(ByteBuffer out);

    /** The most bytes the message can have; asks for the data key if there is none yet. */
    int maxSealedLength();

    /** Seals, and tells what was chosen. */
    EncryptionResult result();
}
