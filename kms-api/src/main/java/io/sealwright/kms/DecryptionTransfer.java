package io.sealwright.kms;

import java.io.IOException;
import java.io.OutputStream;

/** A message of any length about to be opened from a stream. Not safe for concurrent use. */
public interface DecryptionTransfer extends DecryptionOptions<DecryptionTransfer> {
    /**
     * Reads to the end and writes the plaintext; every chunk is authenticated before it is written. A later failure
     * means that what was written must be thrown away. Closes neither stream.
     *
     * @return how many bytes were written
     * @throws IOException if either stream failed
     * @throws io.sealwright.kms.error.KmsException if the message does not open
     */
    long to(OutputStream out) throws IOException;
}
