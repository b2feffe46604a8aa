package io.sealwright.kms.core.chunked;

import io.sealwright.kms.error.AuthenticationFailedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The channel that a caller reads a plaintext from at any position. A chunk that is not authentic ends it for good; a
 * source that fails may be tried again. Closing wipes and leaves the source open. Not safe for concurrent use.
 */
final class DecryptedChannel implements SeekableByteChannel {
    private final RandomBody body;
    private final Runnable guard;
    private long position;
    private boolean closed;
    private @Nullable AuthenticationFailedException failure;

    /** {@code guard} throws if the manager was closed. */
    DecryptedChannel(RandomBody body, Runnable guard) {
        this.body = body;
        this.guard = guard;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        demandOpen();
        Lasting.rethrow(failure);
        try {
            guard.run();
        } catch (RuntimeException e) {
            body.close();
            throw e;
        }
        if (!target.hasRemaining()) {
            return 0;
        }
        if (position >= body.size()) {
            return -1;
        }
        try {
            return target.hasArray() ? readArray(target) : readCopied(target);
        } catch (AuthenticationFailedException e) {
            failure = e;
            body.close();
            throw e;
        }
    }

    private int readArray(ByteBuffer target) throws IOException {
        int total = 0;
        while (target.hasRemaining() && position < body.size()) {
            int at = target.arrayOffset() + target.position();
            int read = body.read(position, target.array(), at, target.remaining());
            target.position(target.position() + read);
            position += read;
            total += read;
        }
        return total;
    }

    private int readCopied(ByteBuffer target) throws IOException {
        byte[] copy = new byte[Math.min(target.remaining(), Sources.BUFFER_BYTES)];
        int total = 0;
        try {
            while (target.hasRemaining() && position < body.size()) {
                int read = body.read(position, copy, 0, Math.min(copy.length, target.remaining()));
                target.put(copy, 0, read);
                position += read;
                total += read;
            }
            return total;
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }

    @Override
    public int write(ByteBuffer source) {
        throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new NonWritableChannelException();
    }

    @Override
    public long position() throws IOException {
        demandOpen();
        return position;
    }

    @Override
    public SeekableByteChannel position(long wanted) throws IOException {
        demandOpen();
        if (wanted < 0) {
            throw new IllegalArgumentException("a position cannot be negative: " + wanted);
        }
        position = wanted;
        return this;
    }

    @Override
    public long size() throws IOException {
        demandOpen();
        return body.size();
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    private void demandOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void close() {
        closed = true;
        body.close();
    }
}
