package io.sealwright.kms.core.chunked;

import io.sealwright.kms.EncryptingChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;

/** The channel that a caller writes a plaintext to; every write takes the whole buffer. */
final class EncryptedChannel implements EncryptingChannel {
    private final WriterLife life;

    EncryptedChannel(WriterLife life) {
        this.life = life;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        demandOpen();
        int length = source.remaining();
        if (source.hasArray()) {
            life.write(source.array(), source.arrayOffset() + source.position(), length);
            source.position(source.limit());
            return length;
        }
        byte[] copy = new byte[Math.min(length, Sources.BUFFER_BYTES)];
        try {
            do {
                int taken = Math.min(copy.length, source.remaining());
                source.get(copy, 0, taken);
                life.write(copy, 0, taken);
            } while (source.hasRemaining());
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
        return length;
    }

    @Override
    public void finish() throws IOException {
        demandOpen();
        life.finish();
    }

    @Override
    public void abort() {
        life.abort();
    }

    @Override
    public boolean isOpen() {
        return !life.closed();
    }

    private void demandOpen() throws ClosedChannelException {
        if (life.closed()) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void close() {
        life.close();
    }
}
