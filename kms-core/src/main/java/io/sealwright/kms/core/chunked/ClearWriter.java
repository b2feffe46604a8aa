package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The body of a message of level 0. */
final class ClearWriter implements BodyWriter {
    private final OutputStream target;
    private long written;
    private byte[] buffer = new byte[0];

    ClearWriter(byte[] header, OutputStream target) throws IOException {
        this.target = target;
        target.write(header);
        written = header.length;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        target.write(bytes, offset, length);
        written += length;
    }

    @Override
    public boolean writeFrom(InputStream source) throws IOException {
        if (buffer.length == 0) {
            buffer = new byte[Sources.BUFFER_BYTES];
        }
        int read = Sources.read(source, buffer, 0, buffer.length);
        if (read < 0) {
            return false;
        }
        write(buffer, 0, read);
        return true;
    }

    @Override
    public void flush() throws IOException {
        target.flush();
    }

    @Override
    public void finish() throws IOException {
        target.flush();
    }

    @Override
    public long written() {
        return written;
    }

    @Override
    public void close() {
        java.util.Arrays.fill(buffer, (byte) 0);
    }
}
