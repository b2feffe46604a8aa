package io.sealwright.kms;

import java.io.IOException;

/**
 * A decrypting stream or channel about to be opened. Not safe for concurrent use.
 *
 * @param <R> what is opened
 */
public interface DecryptionOpening<R> extends DecryptionOptions<DecryptionOpening<R>> {
    /**
     * Reads the header and finds the key.
     *
     * @throws IOException if the source failed
     * @throws io.sealwright.kms.error.KmsException if the header does not open
     */
    R open() throws IOException;
}
