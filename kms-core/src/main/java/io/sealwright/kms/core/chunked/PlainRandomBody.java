package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A small plaintext that was opened as a whole, or the body of a message of level 0 where it lies. */
final class PlainRandomBody implements RandomBody {
    private final byte[] plaintext;
    private final @Nullable ChannelSource source;
    private final long from;
    private final long size;

    /** Takes the array over. */
    PlainRandomBody(byte[] plaintext) {
        this.plaintext = plaintext;
        this.source = null;
        this.from = 0;
        this.size = plaintext.length;
    }

    PlainRandomBody(ChannelSource source, long from) throws IOException {
        this.plaintext = new byte[0];
        this.source = source;
        this.from = from;
        this.size = source.length() - from;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public int read(long position, byte[] into, int offset, int length) throws IOException {
        int taken = (int) Math.min(length, size - position);
        if (source == null) {
            System.arraycopy(plaintext, (int) position, into, offset, taken);
        } else if (source.readFully(from + position, into, offset, taken) < taken) {
            throw new IOException("the source became shorter while it was read");
        }
        return taken;
    }

    @Override
    public void close() {
        Arrays.fill(plaintext, (byte) 0);
    }
}
