package io.sealwright.kms.core.chunked;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.locks.LockSupport;

/** A channel as a target: written to until it has taken all. */
final class ChannelOutput extends OutputStream {
    /** The JDK copies heap bytes to native memory of the thread's, of that size. */
    private static final int SLICE_BYTES = 64 * 1024;

    private static final int MOST_EMPTY_WRITES = 1000;
    private static final long PAUSE_NANOS = 1_000_000;

    private final WritableByteChannel channel;

    ChannelOutput(WritableByteChannel channel) {
        this.channel = channel;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalBlockingModeException();
        }
        int empty = 0;
        for (int from = offset; from < offset + length; ) {
            ByteBuffer slice = ByteBuffer.wrap(bytes, from, Math.min(SLICE_BYTES, offset + length - from));
            int written = channel.write(slice);
            if (written > 0) {
                from += written;
                empty = 0;
            } else if (++empty > MOST_EMPTY_WRITES) {
                throw new IOException("the target channel takes no bytes");
            } else {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
