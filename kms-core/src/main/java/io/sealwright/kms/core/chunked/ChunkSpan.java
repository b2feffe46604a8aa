package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkedCipher;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;

/** Seals or opens the chunks of a segment. */
final class ChunkSpan {
    private ChunkSpan() {}

    /** False if the chunks are not what was sealed; the segment's output then holds zeros. */
    static boolean run(ChunkedCipher cipher, boolean seals, Segment segment) throws GeneralSecurityException {
        if (seals) {
            segment.produced =
                    cipher.sealChunks(segment.firstChunk, segment.in, 0, segment.length, segment.last, segment.out, 0);
            return true;
        }
        try {
            segment.produced =
                    cipher.openChunks(segment.firstChunk, segment.in, 0, segment.length, segment.last, segment.out, 0);
            return true;
        } catch (AEADBadTagException e) {
            return false;
        }
    }
}
