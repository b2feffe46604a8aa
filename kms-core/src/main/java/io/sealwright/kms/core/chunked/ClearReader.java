package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The body of a message of level 0. */
final class ClearReader implements BodyReader {
    private final InputStream source;
    private byte[] buffer = new byte[0];

    ClearReader(InputStream source) {
        this.source = source;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        return Sources.read(source, into, offset, length);
    }

    @Override
    public int writeNext(OutputStream out) throws IOException {
        if (buffer.length == 0) {
            buffer = new byte[Sources.BUFFER_BYTES];
        }
        int read = Sources.read(source, buffer, 0, buffer.length);
        if (read > 0) {
            out.write(buffer, 0, read);
        }
        return read;
    }

    @Override
    public int available() throws IOException {
        return source.available();
    }

    @Override
    public void close() {
        java.util.Arrays.fill(buffer, (byte) 0);
    }
}
