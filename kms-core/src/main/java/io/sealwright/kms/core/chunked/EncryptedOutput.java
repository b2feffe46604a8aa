package io.sealwright.kms.core.chunked;

import io.sealwright.kms.EncryptingOutputStream;
import java.io.IOException;
import java.util.Objects;

/**
 * The stream that a caller writes a plaintext to. {@link #flush} seals and writes the whole chunks that are there and
 * flushes the target; up to 16 KiB less one byte stay until more comes, or the end. A failure lasts.
 */
final class EncryptedOutput extends EncryptingOutputStream {
    private final WriterLife life;
    private final byte[] single = new byte[1];

    EncryptedOutput(WriterLife life) {
        this.life = life;
    }

    @Override
    public void write(int value) throws IOException {
        single[0] = (byte) value;
        life.write(single, 0, 1);
        single[0] = 0;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        life.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
        life.flush();
    }

    @Override
    public void finish() throws IOException {
        life.finish();
    }

    @Override
    public void abort() {
        life.abort();
    }

    @Override
    public void close() {
        life.close();
    }
}
