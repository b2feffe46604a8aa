package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.sealing.ChunkedStart;
import io.sealwright.kms.error.ClosedException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Seals a plaintext that comes bit by bit, and writes what is done, in order. */
final class SealingPipe implements BodyWriter {
    private final OutputStream target;
    private final Ring ring;
    private final BooleanSupplier restored;
    private @Nullable Segment filling;
    private long written;

    /** Writes what precedes the chunks; owns the keys from here on. */
    SealingPipe(ChunkedStart start, OutputStream target, ChunkThreads threads) throws IOException {
        this.target = target;
        this.ring = new Ring(start.keys(), true, threads);
        this.restored = start.restored();
        boolean begun = false;
        try {
            byte[] head = start.keys().head();
            byte[] header = start.header();
            byte[] both = java.util.Arrays.copyOf(header, header.length + head.length);
            System.arraycopy(head, 0, both, header.length, head.length);
            target.write(both);
            written = both.length;
            begun = true;
        } finally {
            if (!begun) {
                ring.close();
            }
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int from = offset;
        int left = length;
        while (left > 0) {
            Segment segment = filling();
            int taken = Math.min(left, segment.in.length - segment.length);
            System.arraycopy(bytes, from, segment.in, segment.length, taken);
            segment.length += taken;
            from += taken;
            left -= taken;
            if (segment.isFull()) {
                submit(segment, false);
            }
        }
    }

    @Override
    public boolean writeFrom(InputStream source) throws IOException {
        Segment segment = filling();
        int wanted = Math.min(Sources.PIECE_BYTES, segment.in.length - segment.length);
        int read = Sources.read(source, segment.in, segment.length, wanted);
        if (read < 0) {
            return false;
        }
        segment.length += read;
        if (segment.isFull()) {
            submit(segment, false);
        }
        return true;
    }

    private Segment filling() throws IOException {
        Segment segment = filling;
        while (segment == null) {
            segment = ring.obtain();
            if (segment == null) {
                pass(ring.head());
            }
        }
        filling = segment;
        return segment;
    }

    private void submit(Segment segment, boolean last) throws IOException {
        // What was submitted before is the same in every copy of this process; what comes now may not be.
        if (restored.getAsBoolean()) {
            throw new ClosedException(
                    "The encrypting stream takes no more.",
                    "This process was restored from a snapshot, and a copy may go on under the same keys and nonces.",
                    "Begin a new message.");
        }
        filling = null;
        segment.last = last;
        ring.submit(segment);
        if (ring.isShared()) {
            for (Segment done = ring.headIfDone(); done != null; done = ring.headIfDone()) {
                pass(done);
            }
        } else {
            passAll();
        }
    }

    private void passAll() throws IOException {
        while (ring.outstanding() > 0) {
            pass(ring.head());
        }
    }

    private void pass(Segment done) throws IOException {
        int at = 0;
        while (at < done.produced) {
            int part = Math.min(Sources.PIECE_BYTES, done.produced - at);
            target.write(done.out, at, part);
            at += part;
        }
        written += done.produced;
        ring.release(done);
    }

    /** Seals and writes whole chunks; what is left of one waits for the rest of it. */
    @Override
    public void flush() throws IOException {
        Segment segment = filling;
        if (segment != null && segment.length >= ChunkedCipher.CHUNK_BYTES) {
            int rest = segment.length % ChunkedCipher.CHUNK_BYTES;
            byte[] kept = java.util.Arrays.copyOfRange(segment.in, segment.length - rest, segment.length);
            try {
                java.util.Arrays.fill(segment.in, segment.length - rest, segment.length, (byte) 0);
                segment.length -= rest;
                submit(segment, false);
                write(kept, 0, rest);
            } finally {
                java.util.Arrays.fill(kept, (byte) 0);
            }
        }
        passAll();
        target.flush();
    }

    @Override
    public void finish() throws IOException {
        submit(filling(), true);
        passAll();
        target.flush();
    }

    @Override
    public long written() {
        return written;
    }

    @Override
    public void close() {
        ring.close();
    }
}
