package io.sealwright.kms;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Prepared sealing: options settled once, then one short call a message. Safe for concurrent use, also by virtual
 * threads. Lives until closed or until its manager is; data keys are renewed behind it within the manager's bounds, so
 * any call may have to wait for a provider, up to the deadline. Closing releases nothing that others share.
 */
public interface Sealer extends AutoCloseable {
    /**
     * Seals without associated data.
     *
     * @param plaintext read during the call
     * @return the message, the caller's own array
     */
    byte[] seal(byte[] plaintext);

    /**
     * Seals with associated data.
     *
     * @param plaintext read during the call
     * @param associatedData read during the call
     * @return the message, the caller's own array
     */
    byte[] seal(byte[] plaintext, byte[] associatedData);

    /**
     * Seals a range into the caller's array.
     *
     * @param out at least {@link #maxSealedLength} bytes behind {@code outOffset}; ranges must not overlap
     * @return how many bytes were written
     * @throws IllegalArgumentException if there is too little room, or a range is out of bounds
     */
    int seal(byte[] plaintext, int offset, int length, byte[] associatedData, byte[] out, int outOffset);

    /**
     * Seals many small messages in one call.
     *
     * @param plaintexts in order
     * @param associatedData one each, in the same order, or null for none at all
     * @return the messages, in the same order
     * @throws IllegalArgumentException if the lists differ in length
     */
    List<byte[]> sealAll(List<byte[]> plaintexts, @Nullable List<byte[]> associatedData);

    /** The most bytes a message of that plaintext length can have; may wait for the first data key. */
    int maxSealedLength(int plaintextLength);

    @Override
    void close();

    /** Settles the options of a {@link Sealer}. Associated data is given with each message, not here. */
    interface Builder extends EncryptionOptions<Builder> {
        /** Makes the sealer; asks no provider yet. */
        Sealer build();
    }
}
