package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.InputStream;

/** Where a plaintext goes. After an exception only {@link #close} may be called. */
interface BodyWriter extends AutoCloseable {
    /** Takes the bytes; may write. */
    void write(byte[] bytes, int offset, int length) throws IOException;

    /** Takes some bytes from a stream, waiting for them; false at its end. */
    boolean writeFrom(InputStream source) throws IOException;

    /** Writes what can be written, and flushes the target. */
    void flush() throws IOException;

    /** Ends the message, and flushes the target. */
    void finish() throws IOException;

    /** How many bytes were written to the target, the header among them. */
    long written();

    /** Wipes. Idempotent. */
    @Override
    void close();
}
