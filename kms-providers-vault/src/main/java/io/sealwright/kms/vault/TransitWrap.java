package io.sealwright.kms.vault;

import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What of a transit key stands in headers, and what its wraps are bound to. */
final class TransitWrap {
    private static final Pattern CIPHERTEXT = Pattern.compile("vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]{4,4096}={0,2}");
    private static final byte[] LABEL = "sealwright/v1".getBytes(StandardCharsets.US_ASCII);

    private TransitWrap() {}

    /**
     * The recipient's id: {@code NAMESPACE:MOUNT/KEY}. No address and no cluster id: the same key answers behind another
     * name, and on a replica.
     */
    static byte[] id(String namespace, String path) {
        return (namespace + ":" + path).getBytes(StandardCharsets.US_ASCII);
    }

    static Recipient recipient(byte[] id, String ciphertext) {
        return new Recipient(RecipientKind.VAULT_TRANSIT.id(), id, ciphertext.getBytes(StandardCharsets.US_ASCII));
    }

    /** The server's text, or null if it is none: it may come from a message that nobody vouches for. */
    static @Nullable String ciphertext(Recipient recipient) {
        String text = new String(recipient.wrap(), StandardCharsets.ISO_8859_1);
        return CIPHERTEXT.matcher(text).matches() ? text : null;
    }

    /** The version that made it, or 0 if the text is none of the server's. */
    static long version(String ciphertext) {
        Matcher matcher = CIPHERTEXT.matcher(ciphertext);
        return matcher.matches() ? Long.parseLong(matcher.group(1)) : 0;
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
