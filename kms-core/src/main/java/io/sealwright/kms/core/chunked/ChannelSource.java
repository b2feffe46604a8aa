package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;

/** A seekable source, read by offsets from where it stood when it was given. A file's own position does not move. */
public final class ChannelSource {
    private static final int MOST_EMPTY_READS = 1000;

    private final SeekableByteChannel channel;
    private final long base;

    public ChannelSource(SeekableByteChannel channel) throws IOException {
        this.channel = channel;
        this.base = channel.position();
    }

    /** How many bytes there are from the base on. */
    public long length() throws IOException {
        return channel.size() - base;
    }

    /** Reads until the range is full or the source ends; how many bytes there were. */
    public int readFully(long position, byte[] into, int offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(into, offset, length);
        long at = base + position;
        if (!(channel instanceof FileChannel)) {
            channel.position(at);
        }
        int empty = 0;
        while (buffer.hasRemaining()) {
            int read = channel instanceof FileChannel file
                    ? file.read(buffer, at + (length - buffer.remaining()))
                    : channel.read(buffer);
            if (read < 0) {
                break;
            }
            empty = read == 0 ? empty + 1 : 0;
            if (empty > MOST_EMPTY_READS) {
                throw new IOException("the source channel gives no bytes");
            }
        }
        return length - buffer.remaining();
    }

    /** The source as a stream from its base on, for reading the header. */
    public InputStream stream() {
        return new InputStream() {
            private long at;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                int read = readFully(at, into, offset, length);
                at += read;
                return read == 0 && length > 0 ? -1 : read;
            }
        };
    }
}
