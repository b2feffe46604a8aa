package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.sealing.ChunkedStart;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsBugException;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;

/** Chunked bodies that are in memory as a whole. */
public final class ChunkedBodies {
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
        threads.largeMessage();
        try (ChunkKeys keys = start.keys();
                ChunkedCipher worker = keys.newWorker()) {
            byte[] header = start.header();
            System.arraycopy(header, 0, out, outOffset, header.length);
            byte[] head = keys.head();
            System.arraycopy(head, 0, out, outOffset + header.length, head.length);
            int at = header.length + head.length;
            return at + worker.sealChunks(0, in, offset, length, true, out, outOffset + at);
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("AES-GCM refused to seal", e);
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
        threads.largeMessage();
        try (keys;
                ChunkedCipher worker = keys.newWorker()) {
            return worker.openChunks(
                    0, in, offset + ChunkKeys.HEAD_BYTES, length - ChunkKeys.HEAD_BYTES, true, out, outOffset);
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider failed to open", e);
        }
    }
}
