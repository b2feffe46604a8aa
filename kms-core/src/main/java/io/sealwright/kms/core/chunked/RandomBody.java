package io.sealwright.kms.core.chunked;

import java.io.IOException;

/** An authenticated plaintext that is read at any position. */
interface RandomBody extends AutoCloseable {
    /** The plaintext's length, authenticated (level 0: as it is). */
    long size();

    /** Copies 1 to {@code length} bytes from that position, which lies inside the plaintext. */
    int read(long position, byte[] into, int offset, int length) throws IOException;

    /** Wipes. Idempotent. */
    @Override
    void close();
}
