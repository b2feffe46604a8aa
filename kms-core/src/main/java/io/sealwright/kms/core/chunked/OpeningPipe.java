package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Opens a chunked body as it comes. A segment ends the message if the source ends in it, so its last chunk must then be
 * a short one; nothing after a failure is handed out.
 *
 * <p>It waits for the source only for the chunk that is needed next. Further bytes are read ahead as far as the source
 * says it has them; in bulk also as long as it fills each read, as files and memory do.
 */
final class OpeningPipe implements BodyReader {
    private final InputStream source;
    private final Ring ring;
    private final byte[] carry = new byte[ChunkedCipher.SEALED_CHUNK_BYTES];
    private int carried;
    private @Nullable Segment filling;
    private @Nullable Segment handed;
    private int handedAt;
    private boolean ended;
    private boolean filledLastRead;
    private @Nullable IOException broken;

    /** Reads from behind the body's head; owns the keys from here on. */
    OpeningPipe(ChunkKeys keys, InputStream source, ChunkThreads threads) {
        this.source = source;
        this.ring = new Ring(keys, false, threads);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Segment segment = piece(false);
        if (segment == null) {
            return -1;
        }
        int taken = Math.min(length, segment.produced - handedAt);
        System.arraycopy(segment.out, handedAt, into, offset, taken);
        handedAt += taken;
        return taken;
    }

    @Override
    public int writeNext(OutputStream out) throws IOException {
        Segment segment = piece(true);
        if (segment == null) {
            return -1;
        }
        int length = Math.min(Sources.PIECE_BYTES, segment.produced - handedAt);
        out.write(segment.out, handedAt, length);
        handedAt += length;
        return length;
    }

    @Override
    public int available() {
        Segment segment = handed;
        return segment == null ? 0 : segment.produced - handedAt;
    }

    /** The segment with the next plaintext, or null at the end. */
    private @Nullable Segment piece(boolean bulk) throws IOException {
        Segment segment = handed;
        while (segment == null || handedAt == segment.produced) {
            if (segment != null) {
                if (segment.last) {
                    return null;
                }
                ring.release(segment);
                handed = null;
            }
            segment = next(bulk);
            handed = segment;
            handedAt = 0;
        }
        return segment;
    }

    private Segment next(boolean bulk) throws IOException {
        while (!ended && pull(bulk)) {
            // reads ahead
        }
        if (ring.outstanding() == 0 && broken != null) {
            throw broken;
        }
        return ring.head();
    }

    /** Reads, and puts a segment in line if it can; true if more may be there. */
    private boolean pull(boolean bulk) throws IOException {
        Segment segment = filling;
        if (segment == null) {
            segment = ring.obtain();
            if (segment == null) {
                return false;
            }
            System.arraycopy(carry, 0, segment.in, 0, carried);
            segment.length = carried;
            carried = 0;
            filling = segment;
        }
        try {
            fill(segment, bulk);
        } catch (IOException e) {
            if (ring.outstanding() == 0) {
                throw e;
            }
            // What came before it is handed out first.
            broken = e;
            ended = true;
            return false;
        }
        if (!ended && segment.length < ChunkedCipher.SEALED_CHUNK_BYTES) {
            return false;
        }
        filling = null;
        if (ended) {
            segment.last = true;
        } else {
            carried = segment.length % ChunkedCipher.SEALED_CHUNK_BYTES;
            segment.length -= carried;
            System.arraycopy(segment.in, segment.length, carry, 0, carried);
        }
        ring.submit(segment);
        return !ended;
    }

    private void fill(Segment segment, boolean bulk) throws IOException {
        while (!segment.isFull()) {
            boolean needed = ring.outstanding() == 0 && segment.length < ChunkedCipher.SEALED_CHUNK_BYTES;
            int wanted = Math.min(Sources.PIECE_BYTES, segment.in.length - segment.length);
            if (!needed && !(bulk && filledLastRead)) {
                wanted = Math.min(wanted, Sources.available(source));
                if (wanted <= 0) {
                    return;
                }
            }
            int read = Sources.read(source, segment.in, segment.length, wanted);
            if (read < 0) {
                ended = true;
                return;
            }
            filledLastRead = read == wanted;
            segment.length += read;
        }
    }

    @Override
    public void close() {
        ring.close();
        handed = null;
        filling = null;
    }
}
