package io.sealwright.kms;

import java.io.IOException;

/**
 * An encrypting stream or channel about to be opened. Not safe for concurrent use.
 *
 * @param <R> what is opened
 */
public interface EncryptionOpening<R> extends EncryptionOptions<EncryptionOpening<R>> {
    /**
     * Opens it and writes the header.
     *
     * @throws IOException if the target failed
     */
    R open() throws IOException;
}
