package io.sealwright.kms.core.chunked;

import io.sealwright.kms.error.ClosedException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The stream that a caller reads a plaintext from. Every byte handed out is authenticated; the end is reported only once
 * the message's last chunk was. A failure lasts. It waits for the source only for the chunk that is needed next, and
 * reads ahead only what the source says is available. Closing wipes and leaves the source open; closing before the end
 * says nothing about the rest of the message. Not safe for concurrent use.
 */
final class DecryptedInput extends InputStream {
    private final BodyReader body;
    private final Runnable guard;
    private final byte[] single = new byte[1];
    private @Nullable Throwable failure;
    private boolean closed;

    /** {@code guard} throws if the manager was closed. */
    DecryptedInput(BodyReader body, Runnable guard) {
        this.body = body;
        this.guard = guard;
    }

    /** What is done between two checks. */
    private interface Step {
        int run() throws IOException;
    }

    private int guarded(Step step) throws IOException {
        if (closed) {
            throw new ClosedException(
                    "The decrypting stream is closed.", "close() was called before.", "Open a new one on the message.");
        }
        Lasting.rethrow(failure);
        try {
            guard.run();
            return step.run();
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
            body.close();
            throw e;
        }
    }

    @Override
    public int read() throws IOException {
        int read = guarded(() -> body.read(single, 0, 1));
        int value = single[0] & 0xFF;
        single[0] = 0;
        return read < 0 ? -1 : value;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        return guarded(() -> length == 0 ? 0 : body.read(into, offset, length));
    }

    @Override
    public int available() throws IOException {
        return guarded(body::available);
    }

    @Override
    public long transferTo(OutputStream out) throws IOException {
        Objects.requireNonNull(out, "out");
        long total = 0;
        int written;
        while ((written = guarded(() -> body.writeNext(out))) >= 0) {
            total += written;
        }
        return total;
    }

    @Override
    public void close() {
        closed = true;
        body.close();
    }
}
