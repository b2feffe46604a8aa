package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.sealing.ChunkedStart;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsBugException;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;

/** Chunked bodies that are in memory as a whole. */
public final class ChunkedBodies {
    /** Messages beyond that have their code compiled in the background. */
    private static final int LARGE_BYTES = 64 * 1024;

    private final ChunkThreads threads;

    public ChunkedBodies(ChunkThreads threads) {
        this.threads = threads;
    }

    /** Length of a whole message. */
    public long sealedLength(int headerLength, int plaintextLength) {
        return headerLength + ChunkedCipher.ciphertextLength(plaintextLength);
    }

    /** Seals a whole message into an array that has room for it; closes the keys. */
    public int seal(ChunkedStart start, byte[] in, int offset, int length, byte[] out, int outOffset) {
        try (ChunkKeys keys = start.keys()) {
            byte[] header = start.header();
            System.arraycopy(header, 0, out, outOffset, header.length);
            byte[] head = keys.head();
            System.arraycopy(head, 0, out, outOffset + header.length, head.length);
            int at = outOffset + header.length + head.length;
            run(keys, length, (worker, chunk, chunks, last) -> {
                int from = (int) (chunk * ChunkedCipher.CHUNK_BYTES);
                int part = last ? length - from : chunks * ChunkedCipher.CHUNK_BYTES;
                worker.sealChunks(
                        chunk,
                        in,
                        offset + from,
                        part,
                        last,
                        out,
                        at + (int) (chunk * ChunkedCipher.SEALED_CHUNK_BYTES));
            });
            return (int) sealedLength(header.length, length);
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("AES-GCM refused to seal", e);
        }
    }

    private void run(ChunkKeys keys, int length, SharedBody.Work work) throws GeneralSecurityException {
        if (length > LARGE_BYTES) {
            threads.largeMessage();
        }
        long chunks = ChunkedCipher.chunkCount(length);
        long from = System.nanoTime();
        long mine = chunks;
        if (threads.worthSharing(length)) {
            mine = new SharedBody(keys, threads, chunks, work).run();
        } else {
            try (ChunkedCipher worker = threads.worker(keys)) {
                work.part(worker, 0, (int) chunks, true);
            }
        }
        if (length > LARGE_BYTES && mine > 0) {
            threads.took(mine * ChunkedCipher.CHUNK_BYTES, System.nanoTime() - from);
        }
    }

    /**
     * What the plaintext's length will be if the body is authentic.
     *
     * @throws AuthenticationFailedException if no chunked body has such a length, or an array cannot hold it
     */
    public int plaintextLength(int bodyLength) {
        try {
            return Math.toIntExact(ChunkedCipher.plaintextLength(bodyLength));
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        }
    }

    /** Opens a whole body into an array that has room for the plaintext; closes the keys. */
    public int open(ChunkKeys keys, byte[] in, int offset, int length, byte[] out, int outOffset) {
        int plain = plaintextLength(length);
        int chunksFrom = offset + ChunkKeys.HEAD_BYTES;
        int chunksLength = length - ChunkKeys.HEAD_BYTES;
        boolean opened = false;
        try (keys) {
            run(keys, plain, (worker, chunk, chunks, last) -> {
                int from = (int) (chunk * ChunkedCipher.SEALED_CHUNK_BYTES);
                int part = last ? chunksLength - from : chunks * ChunkedCipher.SEALED_CHUNK_BYTES;
                worker.openChunks(
                        chunk,
                        in,
                        chunksFrom + from,
                        part,
                        last,
                        out,
                        outOffset + (int) (chunk * ChunkedCipher.CHUNK_BYTES));
            });
            opened = true;
            return plain;
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider failed to open", e);
        } finally {
            if (!opened) {
                // Other parts may have been authentic; nothing of a message that is not is handed out.
                Arrays.fill(out, outOffset, outOffset + plain, (byte) 0);
            }
        }
    }
}
