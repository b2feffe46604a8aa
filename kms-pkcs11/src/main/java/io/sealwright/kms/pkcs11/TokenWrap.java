package io.sealwright.kms.pkcs11;

import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a token's wrap looks like in a header: length of CKA_ID (1 byte), CKA_ID, IV (12), ciphertext, tag (16). Ours, of a
 * data key, has 77 bytes.
 *
 * @param id CKA_ID of the version that made it
 * @param iv drawn by us
 * @param ciphertext with its tag
 */
record TokenWrap(byte[] id, byte[] iv, byte[] ciphertext) {
    static final int IV_BYTES = 12;
    static final int TAG_BYTES = 16;

    /** Begins all associated data; alone, it is that of a sample, which is no wrap. */
    static final byte[] LABEL = "sealwright/v1".getBytes(StandardCharsets.US_ASCII);

    private static final int SHORTEST_KEY_BYTES = 16;
    private static final int LONGEST_KEY_BYTES = 64;

    /** Null if the bytes can be no wrap of any key: whoever sent them may be anybody. */
    static @Nullable TokenWrap read(Recipient recipient) {
        byte[] wrap = recipient.wrap();
        int idBytes = wrap[0] & 0xff;
        int keyBytes = wrap.length - 1 - idBytes - IV_BYTES - TAG_BYTES;
        if (keyBytes < SHORTEST_KEY_BYTES || keyBytes > LONGEST_KEY_BYTES) {
            return null;
        }
        int ivAt = 1 + idBytes;
        return new TokenWrap(
                Arrays.copyOfRange(wrap, 1, ivAt),
                Arrays.copyOfRange(wrap, ivAt, ivAt + IV_BYTES),
                Arrays.copyOfRange(wrap, ivAt + IV_BYTES, wrap.length));
    }

    /** @param family what names the key in headers */
    Recipient recipient(byte[] family) {
        byte[] wrap = ByteBuffer.allocate(1 + id.length + iv.length + ciphertext.length)
                .put((byte) id.length)
                .put(id)
                .put(iv)
                .put(ciphertext)
                .array();
        return new Recipient(RecipientKind.PKCS11.id(), family, wrap);
    }

    /**
     * The associated data: {@code sealwright/v1}, purpose (1 byte), length of CKA_ID (1), CKA_ID, SHA-512 of the context's
     * canonical encoding. A hash, since the context may have 8 KiB and tokens differ in how much they take.
     */
    static byte[] associatedData(byte[] id, WrapBinding binding) {
        byte[] context = sha512(binding.context().encoded());
        return ByteBuffer.allocate(LABEL.length + 2 + id.length + context.length)
                .put(LABEL)
                .put((byte) binding.purpose().id())
                .put((byte) id.length)
                .put(id)
                .put(context)
                .array();
    }

    private static byte[] sha512(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-512").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-512 is missing from this JVM", e);
        }
    }
}
