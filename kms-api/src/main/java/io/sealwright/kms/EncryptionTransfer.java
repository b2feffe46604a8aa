package io.sealwright.kms;

import java.io.IOException;
import java.io.OutputStream;

/** A stream about to be sealed as one message of any length. Not safe for concurrent use. */
public interface EncryptionTransfer extends EncryptionOptions<EncryptionTransfer> {
    /**
     * Reads to the end, writes the whole message, flushes. Closes neither stream. Memory does not grow with the length.
     *
     * @return how many bytes were written
     * @throws IOException if either stream failed; what was written will not open
     */
    long to(OutputStream out) throws IOException;
}
