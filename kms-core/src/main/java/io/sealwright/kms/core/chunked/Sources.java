package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.InputStream;

/** Reading from streams that others wrote. */
final class Sources {
    static final int BUFFER_BYTES = 16 * 1024;

    /** The most that is read or written in one call: files copy it once more, and that copy stays in a core's cache. */
    static final int PIECE_BYTES = 256 * 1024;

    private Sources() {}

    /** As {@link InputStream#read(byte[], int, int)}, but never 0 for a length over 0, whatever the source does. */
    static int read(InputStream source, byte[] into, int offset, int length) throws IOException {
        int read = source.read(into, offset, length);
        if (read == 0 && length > 0) {
            int one = source.read();
            if (one < 0) {
                return -1;
            }
            into[offset] = (byte) one;
            return 1;
        }
        if (read > length) {
            throw new IOException("the source claims to have read " + read + " bytes where " + length + " were asked");
        }
        return read;
    }

    /** What the source says it has without waiting; 0 if it cannot say. */
    static int available(InputStream source) {
        try {
            return source.available();
        } catch (IOException e) {
            return 0; // the read that follows tells
        }
    }

    /** Reads until the range is full or the stream ends; how many bytes there were. */
    static int readFully(InputStream source, byte[] into, int offset, int length) throws IOException {
        int filled = 0;
        while (filled < length) {
            int read = read(source, into, offset + filled, length - filled);
            if (read < 0) {
                break;
            }
            filled += read;
        }
        return filled;
    }
}
