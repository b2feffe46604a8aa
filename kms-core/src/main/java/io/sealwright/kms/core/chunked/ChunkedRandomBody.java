package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsBugException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;

/**
 * A chunked body in a seekable source. The last chunk is opened first: it proves that the message ends where the source
 * does. Then a few chunks around the position are kept, one after a jump, up to sixteen when reading on.
 */
final class ChunkedRandomBody implements RandomBody {
    private static final int MOST_CHUNKS = 16;

    private final ChannelSource source;
    private final long chunksFrom;
    private final long bodyLength;
    private final long size;
    private final long lastChunk;
    private final ChunkKeys keys;
    private final ChunkedCipher worker;
    private byte[] sealed = new byte[ChunkedCipher.SEALED_CHUNK_BYTES];
    private byte[] plain = new byte[ChunkedCipher.CHUNK_BYTES];
    private long windowFrom;
    private int windowLength;
    private int readAhead = 1;

    /** Owns the keys from here on. */
    ChunkedRandomBody(ChunkKeys keys, ChannelSource source, long headerLength) throws IOException {
        this.source = source;
        this.keys = keys;
        this.chunksFrom = headerLength + ChunkKeys.HEAD_BYTES;
        boolean opened = false;
        ChunkedCipher made = null;
        try {
            long length = source.length() - headerLength;
            this.bodyLength = length - ChunkKeys.HEAD_BYTES;
            this.size = ChunkedCipher.plaintextLength(length);
            this.lastChunk = size / ChunkedCipher.CHUNK_BYTES;
            made = keys.newWorker();
            this.worker = made;
            load(lastChunk, 1);
            opened = true;
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider failed to open", e);
        } finally {
            if (!opened) {
                keys.close();
                if (made != null) {
                    made.close();
                }
            }
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public int read(long position, byte[] into, int offset, int length) throws IOException {
        if (position < windowFrom || position >= windowFrom + windowLength) {
            readAhead = position == windowFrom + windowLength ? Math.min(MOST_CHUNKS, readAhead * 2) : 1;
            long chunk = position / ChunkedCipher.CHUNK_BYTES;
            load(chunk, (int) Math.min(readAhead, lastChunk - chunk + 1));
        }
        int at = (int) (position - windowFrom);
        int taken = Math.min(length, windowLength - at);
        System.arraycopy(plain, at, into, offset, taken);
        return taken;
    }

    private void load(long chunk, int chunks) throws IOException {
        if (sealed.length < chunks * ChunkedCipher.SEALED_CHUNK_BYTES) {
            Arrays.fill(plain, (byte) 0);
            sealed = new byte[chunks * ChunkedCipher.SEALED_CHUNK_BYTES];
            plain = new byte[chunks * ChunkedCipher.CHUNK_BYTES];
        }
        windowLength = 0; // until it is authentic
        long from = chunk * ChunkedCipher.SEALED_CHUNK_BYTES;
        int length = (int) Math.min((long) chunks * ChunkedCipher.SEALED_CHUNK_BYTES, bodyLength - from);
        if (source.readFully(chunksFrom + from, sealed, 0, length) < length) {
            throw new AuthenticationFailedException(); // it was cut since it was opened
        }
        try {
            boolean last = chunk + chunks > lastChunk;
            windowLength = worker.openChunks(chunk, sealed, 0, length, last, plain, 0);
            windowFrom = chunk * ChunkedCipher.CHUNK_BYTES;
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider failed to open", e);
        }
    }

    @Override
    public void close() {
        keys.close();
        worker.close();
        Arrays.fill(plain, (byte) 0);
        windowLength = 0;
    }
}
