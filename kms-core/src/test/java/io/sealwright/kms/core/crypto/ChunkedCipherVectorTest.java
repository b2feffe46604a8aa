package io.sealwright.kms.core.crypto;

import static io.sealwright.kms.core.crypto.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.zip.InflaterInputStream;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChunkedCipherVectorTest {
    @Test
    void sealAndOpen_wycheproof_everyCase() {
        Map<String, Integer> counts =
                WycheproofFile.load("c2sp_chunked_encryption_aes_256_gcm").run(ChunkedCipherVectorTest::check);

        assertThat(counts).containsExactly(Map.entry(WycheproofFile.EXECUTED, 35));
    }

    private static Optional<String> check(JsonNode group, JsonNode test) throws Exception {
        assertThat(group.get("aead").textValue()).isEqualTo("AEAD_AES_256_GCM");
        assertThat(group.get("sha").textValue()).isEqualTo("SHA-512");
        byte[] key = hex(test, "key");
        byte[] context = hex(test, "ctx");
        byte[] message = inflate(hex(test, "ct"));
        if (WycheproofFile.hasFlag(test, "InvalidKeySize")) {
            assertThatIllegalArgumentException().isThrownBy(() -> ChunkedCipher.open(key, context, message, null));
            return Optional.empty();
        }
        if (WycheproofFile.hasFlag(test, "HeaderFailure")) {
            assertThatExceptionOfType(AEADBadTagException.class)
                    .isThrownBy(() -> ChunkKeys.forOpening(key, message, 0, message.length, context, null));
            assertThatExceptionOfType(AEADBadTagException.class)
                    .isThrownBy(() -> ChunkedCipher.open(key, context, message, null));
            return Optional.empty();
        }
        try (ChunkKeys keys = ChunkKeys.forOpening(key, message, 0, message.length, context, null)) {
            assertThat(keys.secretsForTest())
                    .isEqualTo(GcmCipherVectorTest.join(hex(test, "aeadKey"), hex(test, "baseNonce")));
        }
        if (WycheproofFile.isValid(test)) {
            byte[] plaintext = ChunkedCipher.open(key, context, message, null);
            requireMessage(test, plaintext);
            assertThat(ChunkedCipher.plaintextLength(message.length)).isEqualTo(plaintext.length);
            assertThat(ChunkedCipher.ciphertextLength(plaintext.length)).isEqualTo(message.length);
            byte[] salt = Arrays.copyOf(message, ChunkKeys.SALT_BYTES);
            assertThat(Arrays.equals(ChunkedCipher.seal(key, salt, context, plaintext, null), message))
                    .isTrue();
            for (int chunks : new int[] {1, 3, 64}) {
                Prefix read = stream(key, context, message, chunks);
                assertThat(read.failure).isNull();
                assertThat(Arrays.equals(read.plaintext, plaintext)).isTrue();
            }
            assertThat(lastChunkOpens(key, context, message)).isTrue();
            return Optional.empty();
        }
        assertThatExceptionOfType(AEADBadTagException.class)
                .isThrownBy(() -> ChunkedCipher.open(key, context, message, null));
        Prefix singly = stream(key, context, message, 1);
        assertThat(singly.failure).isInstanceOf(AEADBadTagException.class);
        if (WycheproofFile.hasFlag(test, "PartialPlaintext")) {
            requireMessage(test, singly.plaintext);
        } else {
            assertThat(test.has("msgLength")).isFalse();
            assertThat(singly.plaintext).isEmpty();
        }
        Prefix inRanges = stream(key, context, message, 3);
        assertThat(inRanges.failure).isInstanceOf(AEADBadTagException.class);
        assertThat(singly.plaintext).hasSizeGreaterThanOrEqualTo(inRanges.plaintext.length);
        assertThat(Arrays.equals(Arrays.copyOf(singly.plaintext, inRanges.plaintext.length), inRanges.plaintext))
                .isTrue();
        assertThat(lastChunkOpens(key, context, message)).isEqualTo(WycheproofFile.hasFlag(test, "ValidFinalChunk"));
        return Optional.empty();
    }

    private record Prefix(byte[] plaintext, @Nullable GeneralSecurityException failure) {}

    /** Reads as a stream would: ranges of whole chunks as long as more follows, then the rest as the last one. */
    private static Prefix stream(byte[] key, byte[] context, byte[] message, int chunksAtOnce) throws Exception {
        ByteArrayOutputStream released = new ByteArrayOutputStream();
        try (ChunkKeys keys = ChunkKeys.forOpening(key, message, 0, message.length, context, null);
                ChunkedCipher worker = keys.newWorker()) {
            int full = (message.length - ChunkKeys.HEAD_BYTES) / ChunkedCipher.SEALED_CHUNK_BYTES;
            int offset = ChunkKeys.HEAD_BYTES;
            byte[] out = new byte[chunksAtOnce * ChunkedCipher.CHUNK_BYTES];
            for (int chunk = 0; chunk <= full; ) {
                boolean last = chunk == full;
                int chunks = Math.min(chunksAtOnce, full - chunk);
                int length = last ? message.length - offset : chunks * ChunkedCipher.SEALED_CHUNK_BYTES;
                int opened;
                try {
                    opened = worker.openChunks(chunk, message, offset, length, last, out, 0);
                } catch (AEADBadTagException e) {
                    // It stays failed, and what was not authenticated is not there.
                    int failedChunk = chunk;
                    int failedOffset = offset;
                    assertThatExceptionOfType(AEADBadTagException.class)
                            .isThrownBy(
                                    () -> worker.openChunks(failedChunk, message, failedOffset, length, last, out, 0));
                    return new Prefix(released.toByteArray(), e);
                }
                released.write(out, 0, opened);
                offset += length;
                chunk += last ? 1 : chunks;
            }
        }
        return new Prefix(released.toByteArray(), null);
    }

    private static boolean lastChunkOpens(byte[] key, byte[] context, byte[] message) throws Exception {
        try (ChunkKeys keys = ChunkKeys.forOpening(key, message, 0, message.length, context, null);
                ChunkedCipher worker = keys.newWorker()) {
            long last = ChunkedCipher.chunkCount(ChunkedCipher.plaintextLength(message.length)) - 1;
            int offset = (int) ChunkedCipher.chunkOffset(last);
            worker.openChunks(
                    last, message, offset, message.length - offset, true, new byte[ChunkedCipher.CHUNK_BYTES], 0);
            return true;
        } catch (AEADBadTagException e) {
            return false;
        }
    }

    private static void requireMessage(JsonNode test, byte[] plaintext) throws Exception {
        assertThat(plaintext).hasSize(test.get("msgLength").intValue());
        assertThat(MessageDigest.getInstance("SHA-512").digest(plaintext)).isEqualTo(hex(test, "msgSha512"));
    }

    private static byte[] inflate(byte[] compressed) throws Exception {
        return new InflaterInputStream(new ByteArrayInputStream(compressed)).readAllBytes();
    }
}
