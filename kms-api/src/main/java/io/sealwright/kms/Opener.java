package io.sealwright.kms;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Prepared opening: options settled once, then one short call a message. Safe for concurrent use, also by virtual
 * threads. Lives until closed or until its manager is.
 */
public interface Opener extends AutoCloseable {
    /** Opens a message sealed without associated data, into an array that is the caller's to wipe. */
    byte[] open(byte[] message);

    /** Opens a message, into an array that is the caller's to wipe. */
    byte[] open(byte[] message, byte[] associatedData);

    /**
     * Opens a range into the caller's array; if it fails, the range that the plaintext would have filled is wiped.
     *
     * @return how many bytes were written
     * @throws IllegalArgumentException if there is too little room, or a range is out of bounds
     */
    int open(byte[] message, int offset, int length, byte[] associatedData, byte[] out, int outOffset);

    /**
     * Opens many messages in one call; the first that fails ends it, and what was opened is wiped.
     *
     * @param messages in order
     * @param associatedData one each, in the same order, or null for none at all
     * @throws IllegalArgumentException if the lists differ in length
     */
    List<byte[]> openAll(List<byte[]> messages, @Nullable List<byte[]> associatedData);

    @Override
    void close();

    /** Settles the options of an {@link Opener}. Associated data is given with each message, not here. */
    interface Builder extends DecryptionOptions<Builder> {
        /** Makes the opener. */
        Opener build();
    }
}
