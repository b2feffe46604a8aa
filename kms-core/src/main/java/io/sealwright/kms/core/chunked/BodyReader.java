package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.OutputStream;

/** Where an authenticated plaintext comes from. After an exception only {@link #close} may be called. */
interface BodyReader extends AutoCloseable {
    /** As {@link java.io.InputStream#read(byte[], int, int)}, with a length over 0. */
    int read(byte[] into, int offset, int length) throws IOException;

    /**
     * Writes the next piece; between two pieces the caller looks whether it is still wanted.
     *
     * @return how many bytes, or -1 at the end
     */
    int writeNext(OutputStream out) throws IOException;

    /** How many bytes there are without waiting or work. */
    int available() throws IOException;

    /** Wipes. Idempotent. */
    @Override
    void close();
}
