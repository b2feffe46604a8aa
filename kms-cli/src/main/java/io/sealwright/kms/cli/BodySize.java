package io.sealwright.kms.cli;

import org.jspecify.annotations.Nullable;

/**
 * What a body's length says about the plaintext's; see {@code docs/FORMAT.md}.
 *
 * @param plaintextBytes the plaintext's length, or null if it cannot be told or the body is cut
 * @param chunks how many chunks there are, 0 in suites without, or null if it cannot be told
 */
record BodySize(@Nullable Long plaintextBytes, @Nullable Long chunks) {
    private static final BodySize UNKNOWN = new BodySize(null, null);
    private static final int TAG_BYTES = 16;
    private static final int CHUNK_BYTES = 16_384;
    private static final int SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
    private static final int CHUNKED_PREFIX_BYTES = 24 + 32;

    static BodySize of(int suiteId, @Nullable Long bodyBytes) {
        if (bodyBytes == null) {
            return UNKNOWN;
        }
        return switch (suiteId) {
            case 0 -> new BodySize(bodyBytes, 0L);
            case 1 -> onePiece(bodyBytes, 12 + TAG_BYTES);
            case 2 -> onePiece(bodyBytes, 24 + TAG_BYTES);
            case 4 -> chunked(bodyBytes - CHUNKED_PREFIX_BYTES);
            default -> UNKNOWN;
        };
    }

    private static BodySize onePiece(long bodyBytes, int overhead) {
        return bodyBytes < overhead ? UNKNOWN : new BodySize(bodyBytes - overhead, 0L);
    }

    // The last chunk is always short, empty if need be.
    private static BodySize chunked(long bytes) {
        if (bytes < 0 || bytes % SEALED_CHUNK_BYTES < TAG_BYTES) {
            return UNKNOWN;
        }
        long chunks = bytes / SEALED_CHUNK_BYTES + 1;
        return new BodySize(bytes - chunks * TAG_BYTES, chunks);
    }
}
