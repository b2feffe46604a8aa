package io.sealwright.kms.core.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.AEADBadTagException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkedCipherTest {
    private static final byte[] KEY = new byte[32];
    private static final byte[] SALT = new byte[24];
    private static final byte[] CONTEXT = {1, 2, 3};
    private static final int HEAD = 56;
    private static final int SEALED = 16_400;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 16, 17, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 49_152, 100_000})
    void seal_chunkEdges_opensWithTheStatedLength(int length) throws Exception {
        byte[] plaintext = GcmCipherTest.bytes(new SplittableRandom(length), length);
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, plaintext, null);

        assertThat(message).hasSize(HEAD + length + 16 * (length / 16_384 + 1));
        assertThat(ChunkedCipher.ciphertextLength(length)).isEqualTo(message.length);
        assertThat(ChunkedCipher.plaintextLength(message.length)).isEqualTo(length);
        assertThat(ChunkedCipher.open(KEY, CONTEXT, message, null)).isEqualTo(plaintext);
    }

    @Test
    void open_anyFlippedBitOfAShortMessage_refused() throws Exception {
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, new byte[5], null);
        for (int bit = 0; bit < message.length * 8; bit++) {
            requireRefused(flip(message, bit));
        }
    }

    @Test
    void open_flippedBitAnywhereInChunks_refused() throws Exception {
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, new byte[32_768], null);
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 200; i++) {
            requireRefused(flip(message, random.nextInt(message.length * 8)));
        }
        // First and last bits of every chunk and tag.
        for (int edge : new int[] {HEAD, HEAD + 16_384, HEAD + SEALED, HEAD + 2 * SEALED - 16, HEAD + 2 * SEALED}) {
            requireRefused(flip(message, edge * 8));
            requireRefused(flip(message, edge * 8 - 1));
        }
        requireRefused(flip(message, message.length * 8 - 1));
    }

    @Test
    void open_cutAnywhere_refused() throws Exception {
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, new byte[16_384 + 3], null);
        SplittableRandom random = new SplittableRandom(4);
        for (int length = 0; length < 120; length++) {
            requireRefused(Arrays.copyOf(message, length));
        }
        for (int around = HEAD + SEALED - 20; around < message.length; around++) {
            requireRefused(Arrays.copyOf(message, around));
        }
        for (int i = 0; i < 100; i++) {
            requireRefused(Arrays.copyOf(message, random.nextInt(message.length)));
            requireRefused(Arrays.copyOf(message, message.length + 1 + random.nextInt(40_000)));
        }
    }

    @Test
    void open_chunksSwappedRepeatedOrDropped_refused() throws Exception {
        byte[] plaintext = GcmCipherTest.bytes(new SplittableRandom(5), 3 * 16_384);
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, plaintext, null);
        byte[] head = Arrays.copyOf(message, HEAD);
        List<byte[]> chunks = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            chunks.add(Arrays.copyOfRange(message, HEAD + i * SEALED, HEAD + (i + 1) * SEALED));
        }
        byte[] end = Arrays.copyOfRange(message, HEAD + 3 * SEALED, message.length);
        int[][] orders = {{1, 0, 2}, {0, 2, 1}, {0, 0, 2}, {0, 1}, {0, 2}, {1, 2}, {}, {0, 1, 2, 2}, {0, 1, 2, 0}};
        for (int[] order : orders) {
            byte[] other = head;
            for (int i : order) {
                other = GcmCipherVectorTest.join(other, chunks.get(i));
            }
            requireRefused(GcmCipherVectorTest.join(other, end));
        }
    }

    @Test
    void open_otherContextOrKey_refusedByCommitment() throws Exception {
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, new byte[5], null);
        byte[] otherKey = KEY.clone();
        otherKey[0] = 1;
        for (byte[] context : new byte[][] {{}, {1, 2}, {1, 2, 3, 0}, {1, 2, 4}}) {
            assertThatExceptionOfType(AEADBadTagException.class)
                    .isThrownBy(() -> ChunkKeys.forOpening(KEY, message, 0, message.length, context, null))
                    .withMessageContaining("commitment");
        }
        assertThatExceptionOfType(AEADBadTagException.class)
                .isThrownBy(() -> ChunkKeys.forOpening(otherKey, message, 0, message.length, CONTEXT, null))
                .withMessageContaining("commitment");
    }

    @Test
    void sealChunks_anySplitIntoRanges_givesTheSameMessage() throws Exception {
        SplittableRandom random = new SplittableRandom(6);
        for (int round = 0; round < 30; round++) {
            byte[] plaintext = GcmCipherTest.bytes(random, random.nextInt(10 * 16_384));
            byte[] salt = GcmCipherTest.bytes(random, 24);
            byte[] whole = ChunkedCipher.seal(KEY, salt, CONTEXT, plaintext, null);
            int fullChunks = plaintext.length / 16_384;
            byte[] message = new byte[whole.length];
            byte[] opened = new byte[plaintext.length];
            try (ChunkKeys keys = ChunkKeys.forSealing(KEY, salt, CONTEXT, null)) {
                System.arraycopy(keys.head(), 0, message, 0, HEAD);
                int chunk = 0;
                while (chunk <= fullChunks) {
                    int count = random.nextInt(fullChunks - chunk + 1);
                    boolean last = count == 0 || random.nextBoolean() && chunk + count == fullChunks;
                    int from = chunk * 16_384;
                    int length = last ? plaintext.length - from : count * 16_384;
                    // A new worker a range: the order and the number of workers make no difference.
                    try (ChunkedCipher worker = keys.newWorker()) {
                        int written =
                                worker.sealChunks(chunk, plaintext, from, length, last, message, HEAD + chunk * SEALED);
                        assertThat(written).isEqualTo(length + 16 * (length / 16_384 + (last ? 1 : 0)));
                    }
                    chunk += last ? fullChunks + 1 : count;
                }
            }
            assertThat(message).isEqualTo(whole);
            try (ChunkKeys keys = ChunkKeys.forOpening(KEY, message, 0, message.length, CONTEXT, null);
                    ChunkedCipher worker = keys.newWorker()) {
                for (int chunk = fullChunks; chunk >= 0; chunk--) {
                    boolean last = chunk == fullChunks;
                    int from = HEAD + chunk * SEALED;
                    worker.openChunks(
                            chunk, message, from, last ? message.length - from : SEALED, last, opened, chunk * 16_384);
                }
            }
            assertThat(opened).isEqualTo(plaintext);
        }
    }

    @Test
    void sealChunks_workersOnSeveralThreads_giveTheSameMessage() throws Exception {
        byte[] plaintext = GcmCipherTest.bytes(new SplittableRandom(7), 64 * 16_384 + 100);
        byte[] whole = ChunkedCipher.seal(KEY, SALT, CONTEXT, plaintext, null);
        byte[] message = new byte[whole.length];
        ExecutorService executor = Executors.newFixedThreadPool(4);
        try (ChunkKeys keys = ChunkKeys.forSealing(KEY, SALT, CONTEXT, null)) {
            System.arraycopy(keys.head(), 0, message, 0, HEAD);
            List<Future<Integer>> parts = new ArrayList<>();
            for (int i = 0; i <= 4; i++) {
                int chunk = i * 16;
                parts.add(executor.submit(() -> {
                    try (ChunkedCipher worker = keys.newWorker()) {
                        boolean last = chunk == 64;
                        return worker.sealChunks(
                                chunk,
                                plaintext,
                                chunk * 16_384,
                                last ? 100 : 16 * 16_384,
                                last,
                                message,
                                HEAD + chunk * SEALED);
                    }
                }));
            }
            int written = 0;
            for (Future<Integer> part : parts) {
                written += part.get();
            }
            assertThat(written).isEqualTo(whole.length - HEAD);
        } finally {
            executor.shutdownNow();
        }
        assertThat(message).isEqualTo(whole);
    }

    @Test
    void openChunks_laterChunkBad_leavesNothingOfTheRange() throws Exception {
        byte[] plaintext = new byte[3 * 16_384];
        Arrays.fill(plaintext, (byte) 7);
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, plaintext, null);
        message[HEAD + 2 * SEALED] ^= 1;
        byte[] out = new byte[3 * 16_384 + 2];
        Arrays.fill(out, (byte) 9);
        try (ChunkKeys keys = ChunkKeys.forOpening(KEY, message, 0, message.length, CONTEXT, null);
                ChunkedCipher worker = keys.newWorker()) {
            assertThatExceptionOfType(AEADBadTagException.class)
                    .isThrownBy(() -> worker.openChunks(0, message, HEAD, message.length - HEAD, true, out, 1));
            assertThat(out[0]).isEqualTo((byte) 9);
            assertThat(out[out.length - 1]).isEqualTo((byte) 9);
            assertThat(Arrays.copyOfRange(out, 1, out.length - 1)).containsOnly(0);

            assertThat(worker.openChunks(0, message, HEAD, 2 * SEALED, false, out, 0))
                    .isEqualTo(32_768);
            assertThat(Arrays.copyOf(out, 32_768)).containsOnly(7);
        }
    }

    @Test
    void openChunks_fullChunkClaimedAsLast_refused() throws Exception {
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, new byte[16_384], null);
        try (ChunkKeys keys = ChunkKeys.forOpening(KEY, message, 0, message.length, CONTEXT, null);
                ChunkedCipher worker = keys.newWorker()) {
            for (int rest = 0; rest < 16; rest++) {
                int length = SEALED + rest;
                assertThatExceptionOfType(AEADBadTagException.class)
                        .isThrownBy(() -> worker.openChunks(0, message, HEAD, length, true, new byte[2 * 16_384], 0))
                        .withMessageContaining("cut off");
            }
        }
    }

    @Test
    void sealChunks_keysOfAReceivedMessage_refused() throws Exception {
        byte[] message = ChunkedCipher.seal(KEY, SALT, CONTEXT, new byte[5], null);
        try (ChunkKeys keys = ChunkKeys.forOpening(KEY, message, 0, message.length, CONTEXT, null);
                ChunkedCipher worker = keys.newWorker()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> worker.sealChunks(0, new byte[5], 0, 5, true, new byte[21], 0))
                    .withMessageContaining("repeat nonces");
        }
    }

    @Test
    void sealChunks_wrongRanges_refused() throws Exception {
        try (ChunkKeys keys = ChunkKeys.forSealing(KEY, SALT, CONTEXT, null);
                ChunkedCipher worker = keys.newWorker()) {
            byte[] in = new byte[40_000];
            byte[] out = new byte[40_000];
            assertThatIllegalArgumentException().isThrownBy(() -> worker.sealChunks(0, in, 0, 16_383, false, out, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> worker.openChunks(0, in, 0, 16_384, false, out, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> worker.sealChunks(-1, in, 0, 16_384, false, out, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> worker.openChunks(-1, in, 0, SEALED, false, out, 0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> worker.sealChunks(1L << 38, in, 0, 0, true, out, 0))
                    .withMessageContaining("2^38");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> worker.sealChunks((1L << 38) - 1, in, 0, 16_384, true, out, 0));
            assertThatExceptionOfType(AEADBadTagException.class)
                    .isThrownBy(() -> worker.openChunks(1L << 38, in, 0, SEALED, false, out, 0));
            assertThatThrownBy(() -> worker.sealChunks(0, in, 0, 32_768, false, new byte[32_799], 0))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> worker.sealChunks(0, in, 30_000, 16_384, false, out, 0))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(out).containsOnly(0);
            assertThat(worker.sealChunks((1L << 38) - 1, in, 0, 3, true, out, 0))
                    .isEqualTo(19);
        }
    }

    @Test
    void nonceOf_anyChunk_isBaseNonceXorBigEndianNumber() throws Exception {
        SplittableRandom random = new SplittableRandom(8);
        byte[] base = GcmCipherTest.bytes(random, 12);
        ChunkedCipher worker = new ChunkedCipher(new GcmCipher(KEY, null), base.clone(), true);
        long[] chunks = {0, 1, 255, 256, 65_535, 65_536, (1L << 32) - 1, 1L << 32, (1L << 38) - 1};
        for (long chunk : chunks) {
            BigInteger expected = new BigInteger(1, base).xor(BigInteger.valueOf(chunk));
            assertThat(new BigInteger(1, worker.nonceOf(chunk))).isEqualTo(expected);
        }
    }

    @Test
    void anyUse_afterClose_refused() throws Exception {
        ChunkKeys keys = ChunkKeys.forSealing(KEY, SALT, CONTEXT, null);
        ChunkedCipher worker = keys.newWorker();
        keys.close();

        assertThatIllegalStateException().isThrownBy(keys::newWorker);
        assertThat(keys.secretsForTest()).containsOnly(0);
        assertThat(worker.sealChunks(0, new byte[1], 0, 1, true, new byte[17], 0))
                .isEqualTo(17);
        worker.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> worker.sealChunks(0, new byte[1], 0, 1, true, new byte[17], 0));
    }

    @Test
    void cipherOnLoan_meetsManyMessages_givesWhatAnOwnOneGives() throws Exception {
        CipherPool ciphers = new CipherPool(1, null);
        byte[] otherSalt = SALT.clone();
        otherSalt[0] ^= 1;
        byte[] plaintext = new byte[40_000];
        byte[] bad = new byte[plaintext.length + 3 * 16];
        for (byte[] salt : List.of(SALT, otherSalt, SALT)) {
            byte[] expected = ChunkedCipher.seal(KEY, salt, CONTEXT, plaintext, null);
            byte[] out = new byte[expected.length - HEAD];
            try (ChunkKeys keys = ChunkKeys.forSealing(KEY, salt, CONTEXT, null);
                    ChunkedCipher first = keys.newWorker(ciphers);
                    ChunkedCipher second = keys.newWorker(ciphers)) {
                first.sealChunks(0, plaintext, 0, 16_384, false, out, 0);
                second.sealChunks(1, plaintext, 16_384, plaintext.length - 16_384, true, out, 16_400);
            }
            assertThat(out).isEqualTo(Arrays.copyOfRange(expected, HEAD, expected.length));
            try (ChunkKeys keys = ChunkKeys.forOpening(KEY, expected, 0, expected.length, CONTEXT, null);
                    ChunkedCipher worker = keys.newWorker(ciphers)) {
                // What failed is not lent again.
                assertThatExceptionOfType(AEADBadTagException.class)
                        .isThrownBy(() -> worker.openChunks(0, bad, 0, bad.length, true, new byte[bad.length], 0));
            }
        }
    }

    @Test
    void cipherOnLoan_workerClosed_isOutOfItsReach() throws Exception {
        CipherPool ciphers = new CipherPool(1, null);
        try (ChunkKeys keys = ChunkKeys.forSealing(KEY, SALT, CONTEXT, null)) {
            ChunkedCipher worker = keys.newWorker(ciphers);
            worker.close();
            worker.close();
            try (ChunkedCipher next = keys.newWorker(ciphers);
                    ChunkedCipher another = keys.newWorker(ciphers)) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> worker.sealChunks(0, new byte[1], 0, 1, true, new byte[17], 0));
                byte[] out = new byte[17];
                next.sealChunks(0, new byte[1], 0, 1, true, out, 0);
                byte[] again = new byte[17];
                another.sealChunks(0, new byte[1], 0, 1, true, again, 0);
                assertThat(again).isEqualTo(out);
            }
        }
    }

    @Test
    void lengths_impossibleOrTooLong_refused() throws Exception {
        long maxPlaintext = (1L << 52) - 1;
        long maxCiphertext = HEAD + maxPlaintext + 16 * (1L << 38);

        assertThat(ChunkedCipher.MAX_PLAINTEXT_BYTES).isEqualTo(maxPlaintext);
        assertThat(ChunkedCipher.ciphertextLength(maxPlaintext)).isEqualTo(maxCiphertext);
        assertThat(ChunkedCipher.plaintextLength(maxCiphertext)).isEqualTo(maxPlaintext);
        assertThat(ChunkedCipher.chunkCount(maxPlaintext)).isEqualTo(1L << 38);
        assertThat(ChunkedCipher.chunkOffset((1L << 38) - 1)).isEqualTo(HEAD + ((1L << 38) - 1) * SEALED);
        for (long length : new long[] {Long.MIN_VALUE, -1, maxPlaintext + 1, Long.MAX_VALUE}) {
            assertThatIllegalArgumentException().isThrownBy(() -> ChunkedCipher.ciphertextLength(length));
            assertThatIllegalArgumentException().isThrownBy(() -> ChunkedCipher.chunkCount(length));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> ChunkedCipher.chunkOffset(1L << 38));
        for (long length : new long[] {
            Long.MIN_VALUE,
            -1,
            0,
            55,
            56,
            71,
            HEAD + SEALED,
            HEAD + SEALED + 15,
            maxCiphertext + 1,
            maxCiphertext + 17,
            Long.MAX_VALUE
        }) {
            assertThatExceptionOfType(AEADBadTagException.class)
                    .as("%d", length)
                    .isThrownBy(() -> ChunkedCipher.plaintextLength(length));
        }
    }

    @Test
    void forSealing_wrongSizes_refused() {
        assertThatIllegalArgumentException().isThrownBy(() -> ChunkKeys.forSealing(new byte[31], SALT, CONTEXT, null));
        assertThatIllegalArgumentException().isThrownBy(() -> ChunkKeys.forSealing(KEY, new byte[23], CONTEXT, null));
        assertThatThrownBy(() -> ChunkKeys.forOpening(KEY, new byte[80], 40, 56, CONTEXT, null))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static byte[] flip(byte[] message, int bit) {
        byte[] flipped = message.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        return flipped;
    }

    private static void requireRefused(byte[] message) {
        assertThatExceptionOfType(AEADBadTagException.class)
                .isThrownBy(() -> ChunkedCipher.open(KEY, CONTEXT, message, null));
    }
}
