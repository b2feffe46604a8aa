package io.sealwright.kms.gcp;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * What of a key in Cloud KMS stands in headers, and what its wraps are bound to.
 *
 * <p>A wrap is the version that made it (4 bytes, big-endian), a check of 16 bytes, and Google's ciphertext as it came.
 * Google binds the associated data and picks the version out of the ciphertext, in a form of its own that it does not tell, so
 * that a changed version number would go unnoticed there. Therefore 16 random bytes, the binder, are encrypted before
 * the key, and the check is HMAC-SHA-256 under them, of the version and the ciphertext, cut to 16 bytes.
 */
final class KmsWrap {
    static final int BINDER_BYTES = 16;

    private static final byte[] LABEL = "sealwright/v1".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION_BYTES = 4;
    private static final int CHECK_BYTES = 16;
    private static final int HEAD_BYTES = VERSION_BYTES + CHECK_BYTES;
    private static final int SHORTEST_KEY_BYTES = 16;
    private static final int LONGEST_KEY_BYTES = 64;
    private static final int LARGEST_VERSION = 999_999_999;

    private KmsWrap() {}

    static byte[] id(String key) {
        return key.getBytes(StandardCharsets.US_ASCII);
    }

    /** {@code sealwright/v1}, purpose, context in its canonical encoding. Never empty. */
    static ByteString associatedData(WrapBinding binding) {
        byte[] context = binding.context().encoded();
        return UnsafeByteOperations.unsafeWrap(ByteBuffer.allocate(LABEL.length + 1 + context.length)
                .put(LABEL)
                .put((byte) binding.purpose().id())
                .put(context)
                .array());
    }

    /** Binder and key: what is encrypted. The caller wipes it. */
    static byte[] plaintext(byte[] binder, SecretBytes secret) {
        byte[] key = secret.copy();
        try {
            return ByteBuffer.allocate(binder.length + key.length)
                    .put(binder)
                    .put(key)
                    .array();
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /** Null if the ciphertext is too long for a header. */
    static @Nullable Recipient recipient(byte[] id, int version, byte[] binder, ByteString ciphertext) {
        if (ciphertext.isEmpty() || ciphertext.size() > Recipient.MAX_WRAP_BYTES - HEAD_BYTES) {
            return null;
        }
        byte[] bytes = ciphertext.toByteArray();
        byte[] wrap = ByteBuffer.allocate(HEAD_BYTES + bytes.length)
                .putInt(version)
                .put(check(binder, version, bytes))
                .put(bytes)
                .array();
        return new Recipient(RecipientKind.GCP_KMS.id(), id, wrap);
    }

    /** The version that made the wrap; 0 if there can be none. */
    static int version(Recipient recipient) {
        byte[] wrap = recipient.wrap();
        int version = wrap.length <= HEAD_BYTES ? 0 : ByteBuffer.wrap(wrap).getInt();
        return version < 0 || version > LARGEST_VERSION ? 0 : version;
    }

    /** Google's ciphertext; null if the recipient can have none: it may come from a message that nobody vouches for. */
    static @Nullable ByteString ciphertext(Recipient recipient) {
        if (version(recipient) == 0) {
            return null;
        }
        byte[] wrap = recipient.wrap();
        return ByteString.copyFrom(wrap, HEAD_BYTES, wrap.length - HEAD_BYTES);
    }

    /** The key out of what was decrypted; null if that is none of ours, or the wrap's version is not the one that made it. */
    static @Nullable SecretBytes key(Recipient recipient, byte[] plaintext) {
        int length = plaintext.length - BINDER_BYTES;
        if (length < SHORTEST_KEY_BYTES || length > LONGEST_KEY_BYTES) {
            return null;
        }
        byte[] wrap = recipient.wrap();
        byte[] binder = Arrays.copyOf(plaintext, BINDER_BYTES);
        byte[] check = check(binder, version(recipient), Arrays.copyOfRange(wrap, HEAD_BYTES, wrap.length));
        Arrays.fill(binder, (byte) 0);
        return MessageDigest.isEqual(check, Arrays.copyOfRange(wrap, VERSION_BYTES, HEAD_BYTES))
                ? SecretBytes.owning(Arrays.copyOfRange(plaintext, BINDER_BYTES, plaintext.length))
                : null;
    }

    private static byte[] check(byte[] binder, int version, byte[] ciphertext) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(binder, "HmacSHA256"));
            mac.update(ByteBuffer.allocate(VERSION_BYTES).putInt(version).flip());
            mac.update(ciphertext);
            return Arrays.copyOf(mac.doFinal(), CHECK_BYTES);
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("every JDK has HMAC-SHA-256", e);
        }
    }
}
