package io.sealwright.kms.vault;

import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What of a transit key stands in headers, and what its wraps are bound to. A wrap is the version (4 bytes, big-endian)
 * and what the server's {@code vault:vN:…} has in base64: shorter than the text, and with one form only, where the
 * server takes several texts for one ciphertext.
 */
final class TransitWrap {
    private static final Pattern CIPHERTEXT = Pattern.compile("vault:v([1-9][0-9]{0,8}):([A-Za-z0-9+/]{4,8192}={0,2})");
    private static final byte[] LABEL = "sealwright/v1".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION_BYTES = 4;
    private static final int LARGEST_VERSION = 999_999_999;

    private TransitWrap() {}

    /**
     * The recipient's id: {@code NAMESPACE:MOUNT/KEY}. No address and no cluster id: the same key answers behind another
     * name, and on a replica.
     */
    static byte[] id(String namespace, String path) {
        return (namespace + ":" + path).getBytes(StandardCharsets.US_ASCII);
    }

    /** Null if the text is none of the server's. */
    static @Nullable Recipient recipient(byte[] id, String ciphertext) {
        Matcher matcher = CIPHERTEXT.matcher(ciphertext);
        if (!matcher.matches()) {
            return null;
        }
        try {
            byte[] bytes = Base64.getDecoder().decode(matcher.group(2));
            byte[] wrap = ByteBuffer.allocate(VERSION_BYTES + bytes.length)
                    .putInt(Integer.parseInt(matcher.group(1)))
                    .put(bytes)
                    .array();
            return new Recipient(RecipientKind.VAULT_TRANSIT.id(), id, wrap);
        } catch (IllegalArgumentException e) {
            return null; // no base64, or too long for a header
        }
    }

    /** The server's text; null if the recipient can have none: it may come from a message that nobody vouches for. */
    static @Nullable String ciphertext(Recipient recipient) {
        byte[] wrap = recipient.wrap();
        int version = version(wrap);
        if (version == 0 || wrap.length == VERSION_BYTES) {
            return null;
        }
        return "vault:v" + version + ":"
                + Base64.getEncoder().encodeToString(Arrays.copyOfRange(wrap, VERSION_BYTES, wrap.length));
    }

    /** The version that made the wrap; 0 if there can be none. */
    static int version(Recipient recipient) {
        return version(recipient.wrap());
    }

    private static int version(byte[] wrap) {
        int version = wrap.length < VERSION_BYTES ? 0 : ByteBuffer.wrap(wrap).getInt();
        return version < 0 || version > LARGEST_VERSION ? 0 : version;
    }

    /** {@code sealwright/v1}, purpose, context in its canonical encoding; in base64. Never empty. */
    static String associatedData(WrapBinding binding) {
        byte[] context = binding.context().encoded();
        byte[] bytes = ByteBuffer.allocate(LABEL.length + 1 + context.length)
                .put(LABEL)
                .put((byte) binding.purpose().id())
                .put(context)
                .array();
        return Base64.getEncoder().encodeToString(bytes);
    }
}
