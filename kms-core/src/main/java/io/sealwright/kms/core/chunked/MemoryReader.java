package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** A small plaintext that was opened as a whole. */
final class MemoryReader implements BodyReader {
    private final byte[] plaintext;
    private int at;

    /** Takes the array over. */
    MemoryReader(byte[] plaintext) {
        this.plaintext = plaintext;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        if (at == plaintext.length) {
            return -1;
        }
        int taken = Math.min(length, plaintext.length - at);
        System.arraycopy(plaintext, at, into, offset, taken);
        at += taken;
        return taken;
    }

    @Override
    public int writeNext(OutputStream out) throws IOException {
        if (at == plaintext.length) {
            return -1;
        }
        int length = plaintext.length - at;
        out.write(plaintext, at, length);
        at = plaintext.length;
        return length;
    }

    @Override
    public int available() {
        return plaintext.length - at;
    }

    @Override
    public void close() {
        Arrays.fill(plaintext, (byte) 0);
    }
}
