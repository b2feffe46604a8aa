package io.sealwright.kms;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/** Seals what is written to it; as {@link EncryptingOutputStream}, for channels. Not safe for concurrent use. */
public interface EncryptingChannel extends WritableByteChannel {
    /**
     * Seals the last chunk. Further writes throw.
     *
     * @throws IOException if the target failed; the message is incomplete then
     */
    void finish() throws IOException;

    /** Gives the message up: what was written will not open, and {@link #close} is silent about it. */
    void abort();

    /**
     * Releases keys and buffers; the target stays open.
     *
     * @throws io.sealwright.kms.error.IncompleteStreamException if neither {@link #finish} nor {@link #abort} was
     *     called
     */
    @Override
    void close() throws IOException;
}
