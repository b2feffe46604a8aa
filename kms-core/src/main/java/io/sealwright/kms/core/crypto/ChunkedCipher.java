package io.sealwright.kms.core.crypto;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import java.util.Objects;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * Seals and opens ranges of whole chunks of one message (C2SP chunked-encryption, Cobblestone-256: HKDF-SHA-512,
 * AES-256-GCM).
 *
 * <p>A message is salt (24 bytes), commitment (32 bytes), chunks. A chunk is 16 KiB of plaintext and a 16-byte tag; the
 * last one is always shorter, empty if need be, so that a message cut at a chunk's edge does not end. Chunk {@code k}
 * has the base nonce XOR {@code k}; no associated data.
 *
 * <p>A worker comes from {@link ChunkKeys#newWorker} and is exclusive to one thread at a time; several workers of one
 * message may run at once, on ranges that do not overlap. <b>Each chunk number is sealed once in a message</b>, by
 * whichever worker; nothing here remembers which were.
 */
public final class ChunkedCipher implements AutoCloseable {
    /** Plaintext of every chunk but the last. */
    public static final int CHUNK_BYTES = 16 * 1024;
    /** A full chunk with its tag. */
    public static final int SEALED_CHUNK_BYTES = CHUNK_BYTES + GcmCipher.TAG_BYTES;
    /** The specification's limit: 4 PiB less one byte of plaintext. */
    public static final long MAX_CHUNKS = 1L << 38;
    /** Longest plaintext: the last chunk must be short. */
    public static final long MAX_PLAINTEXT_BYTES = MAX_CHUNKS * CHUNK_BYTES - 1;

    private static final byte[] NO_AAD = new byte[0];
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final int COUNTED = GcmCipher.NONCE_BYTES - Long.BYTES;

    private final GcmCipher gcm;
    private final @Nullable CipherPool pool;
    private final CipherPool.@Nullable Lent lent;
    private final byte[] baseNonce;
    private final byte[] nonce = new byte[GcmCipher.NONCE_BYTES];
    private final boolean maySeal;
    private boolean sound = true; // no call has failed
    private boolean closed;

    ChunkedCipher(GcmCipher gcm, byte[] ownedBaseNonce, boolean maySeal) {
        this.gcm = gcm;
        this.pool = null;
        this.lent = null;
        this.baseNonce = ownedBaseNonce;
        this.maySeal = maySeal;
    }

    /** With a cipher on loan. */
    ChunkedCipher(CipherPool pool, CipherPool.Lent lent, byte[] ownedBaseNonce, boolean maySeal) {
        this.gcm = lent.gcm;
        this.pool = pool;
        this.lent = lent;
        this.baseNonce = ownedBaseNonce;
        this.maySeal = maySeal;
    }

    /**
     * Seals {@code length} bytes as the chunks from {@code firstChunk} on, and returns how many bytes that gave: the
     * input's, and 16 a chunk.
     *
     * @param length a multiple of 16 KiB, unless {@code last}
     * @param last true if the message ends here: the last chunk is then the rest, empty if nothing is left over
     * @param out its range must not overlap the input's
     * @throws GeneralSecurityException if the provider fails; the range of {@code out} then holds nothing of use, and
     *     the message cannot be continued
     * @throws IllegalStateException if the keys are those of a received message, or this worker was closed
     */
    public int sealChunks(long firstChunk, byte[] in, int inOffset, int length, boolean last, byte[] out, int outOffset)
            throws GeneralSecurityException {
        demandOpen();
        if (!maySeal) {
            throw new IllegalStateException("These are the keys of a received message: sealing would repeat nonces.");
        }
        Objects.checkFromIndexSize(inOffset, length, in.length);
        if (!last && length % CHUNK_BYTES != 0) {
            throw new IllegalArgumentException(
                    "Only the message's last range may end inside a chunk: " + length + " is no multiple of 16384.");
        }
        int chunks = length / CHUNK_BYTES + (last ? 1 : 0);
        requireChunks(firstChunk, chunks);
        int total = Math.addExact(length, chunks * GcmCipher.TAG_BYTES);
        Objects.checkFromIndexSize(outOffset, total, out.length);
        int from = inOffset;
        int to = outOffset;
        sound = false;
        for (int i = 0; i < chunks; i++) {
            int size = Math.min(CHUNK_BYTES, inOffset + length - from);
            to += gcm.seal(nonceOf(firstChunk + i), in, from, size, NO_AAD, 0, 0, out, to);
            from += size;
        }
        sound = true;
        return total;
    }

    /**
     * Opens {@code length} bytes as the chunks from {@code firstChunk} on, and returns how many bytes of plaintext that
     * gave. All or nothing: when it throws, the range of {@code out} that it would have filled holds zeros. A reader
     * that wants every good chunk before a bad one opens chunks singly.
     *
     * @param length a multiple of 16,400, unless {@code last}
     * @param last true if the message ends here: the rest must then be a whole chunk of less than 16 KiB
     * @param out its range must not overlap the input's
     * @throws AEADBadTagException if a chunk is not what was sealed as that chunk of this message, or {@code last} and
     *     the end is missing
     * @throws IllegalStateException if this worker was closed
     */
    public int openChunks(long firstChunk, byte[] in, int inOffset, int length, boolean last, byte[] out, int outOffset)
            throws GeneralSecurityException {
        demandOpen();
        Objects.checkFromIndexSize(inOffset, length, in.length);
        int rest = length % SEALED_CHUNK_BYTES;
        if (!last && rest != 0) {
            throw new IllegalArgumentException(
                    "Only the message's last range may end inside a chunk: " + length + " is no multiple of 16400.");
        }
        if (last && rest < GcmCipher.TAG_BYTES) {
            throw truncated();
        }
        int chunks = length / SEALED_CHUNK_BYTES + (last ? 1 : 0);
        if (firstChunk >= 0 && firstChunk > MAX_CHUNKS - chunks) {
            throw new AEADBadTagException("The chunked message has more chunks than 2^38.");
        }
        requireChunks(firstChunk, chunks);
        int total = length - chunks * GcmCipher.TAG_BYTES;
        Objects.checkFromIndexSize(outOffset, total, out.length);
        int from = inOffset;
        int to = outOffset;
        boolean authentic = false;
        sound = false;
        try {
            for (int i = 0; i < chunks; i++) {
                int size = Math.min(SEALED_CHUNK_BYTES, inOffset + length - from);
                to += gcm.open(nonceOf(firstChunk + i), in, from, size, NO_AAD, 0, 0, out, to);
                from += size;
            }
            authentic = true;
            sound = true;
            return total;
        } finally {
            if (!authentic) {
                Arrays.fill(out, outOffset, outOffset + total, (byte) 0);
            }
        }
    }

    private void demandOpen() {
        if (closed) {
            // A cipher that was on loan may have another's key by now.
            throw new IllegalStateException("This worker was closed.");
        }
    }

    /** Wipes this worker's copies of key and base nonce, and gives back what was on loan. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (pool == null || lent == null) {
            gcm.forgetKey();
        } else if (sound) {
            pool.giveBack(lent);
        } else {
            pool.drop(lent);
        }
        Arrays.fill(baseNonce, (byte) 0);
        Arrays.fill(nonce, (byte) 0);
    }

    /**
     * How many chunks a message has.
     *
     * @param plaintextLength 0 to 2^52 - 1
     */
    public static long chunkCount(long plaintextLength) {
        if (plaintextLength < 0 || plaintextLength > MAX_PLAINTEXT_BYTES) {
            throw new IllegalArgumentException("A chunked message holds 0 to " + MAX_PLAINTEXT_BYTES
                    + " bytes (2^38 chunks), not " + plaintextLength + ".");
        }
        return plaintextLength / CHUNK_BYTES + 1;
    }

    /**
     * How long a message is, with its 56 bytes before the chunks.
     *
     * @param plaintextLength 0 to 2^52 - 1
     */
    public static long ciphertextLength(long plaintextLength) {
        return ChunkKeys.HEAD_BYTES + plaintextLength + chunkCount(plaintextLength) * GcmCipher.TAG_BYTES;
    }

    /**
     * How long the plaintext of a message is. Proves nothing until the last chunk was opened.
     *
     * @param ciphertextLength with the 56 bytes before the chunks
     * @throws AEADBadTagException if no message has that length: it was cut off or added to
     */
    public static long plaintextLength(long ciphertextLength) throws AEADBadTagException {
        long body = ciphertextLength - ChunkKeys.HEAD_BYTES;
        if (ciphertextLength < ChunkKeys.HEAD_BYTES || body % SEALED_CHUNK_BYTES < GcmCipher.TAG_BYTES) {
            throw truncated();
        }
        long chunks = body / SEALED_CHUNK_BYTES + 1;
        if (chunks > MAX_CHUNKS) {
            throw new AEADBadTagException("The chunked message has more chunks than 2^38.");
        }
        return body - chunks * GcmCipher.TAG_BYTES;
    }

    /**
     * Where a chunk starts in a message.
     *
     * @param chunk 0 to 2^38 - 1
     */
    public static long chunkOffset(long chunk) {
        requireChunks(chunk, 1);
        return ChunkKeys.HEAD_BYTES + chunk * SEALED_CHUNK_BYTES;
    }

    /**
     * Seals a message that is in memory, on the calling thread.
     *
     * @param inputKey 32 uniformly random bytes
     * @param salt 24 bytes, never used before with this input key
     * @param context bound to the message, not contained in it
     */
    public static byte[] seal(
            byte[] inputKey, byte[] salt, byte[] context, byte[] plaintext, @Nullable Provider provider)
            throws GeneralSecurityException {
        byte[] message = new byte[Math.toIntExact(ciphertextLength(plaintext.length))];
        try (ChunkKeys keys = ChunkKeys.forSealing(inputKey, salt, context, provider);
                ChunkedCipher worker = keys.newWorker()) {
            System.arraycopy(keys.head(), 0, message, 0, ChunkKeys.HEAD_BYTES);
            worker.sealChunks(0, plaintext, 0, plaintext.length, true, message, ChunkKeys.HEAD_BYTES);
        }
        return message;
    }

    /**
     * Opens a message that is in memory, on the calling thread.
     *
     * @throws AEADBadTagException if input key, context or message are not those of the sealing
     */
    public static byte[] open(byte[] inputKey, byte[] context, byte[] message, @Nullable Provider provider)
            throws GeneralSecurityException {
        try (ChunkKeys keys = ChunkKeys.forOpening(inputKey, message, 0, message.length, context, provider);
                ChunkedCipher worker = keys.newWorker()) {
            byte[] plaintext = new byte[Math.toIntExact(plaintextLength(message.length))];
            int body = message.length - ChunkKeys.HEAD_BYTES;
            worker.openChunks(0, message, ChunkKeys.HEAD_BYTES, body, true, plaintext, 0);
            return plaintext;
        }
    }

    /** The base nonce XOR the chunk's number as a big-endian integer of 12 bytes; 38 bits touch the last five. */
    byte[] nonceOf(long chunk) {
        System.arraycopy(baseNonce, 0, nonce, 0, COUNTED);
        LONG.set(nonce, COUNTED, (long) LONG.get(baseNonce, COUNTED) ^ chunk);
        return nonce;
    }

    private static void requireChunks(long firstChunk, int chunks) {
        if (firstChunk < 0 || firstChunk > MAX_CHUNKS - chunks) {
            throw new IllegalArgumentException("A chunked message has the chunks 0 to 2^38 - 1; " + chunks
                    + " from number " + firstChunk + " are outside.");
        }
    }

    private static AEADBadTagException truncated() {
        return new AEADBadTagException("The chunked message was cut off: its short last chunk is missing.");
    }
}
