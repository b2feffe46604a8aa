package io.sealwright.kms;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Seals what is written to it. {@link #finish} completes the message; {@link #close} before that leaves one that fails
 * to open, and throws, unless {@link #abort} was called. Closing never closes the target. Not safe for concurrent use.
 */
public abstract class EncryptingOutputStream extends OutputStream {
    /** For engines. */
    protected EncryptingOutputStream() {}

    /**
     * Seals the last chunk and flushes the target. Further writes throw.
     *
     * @throws IOException if the target failed; the message is incomplete then
     */
    public abstract void finish() throws IOException;

    /** Gives the message up: what was written will not open, and {@link #close} is silent about it. */
    public abstract void abort();

    /**
     * Releases keys and buffers.
     *
     * @throws io.sealwright.kms.error.IncompleteStreamException if neither {@link #finish} nor {@link #abort} was
     *     called
     */
    @Override
    public abstract void close() throws IOException;
}
