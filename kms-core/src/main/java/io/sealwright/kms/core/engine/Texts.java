package io.sealwright.kms.core.engine;

import io.sealwright.kms.core.message.HeaderParser;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Texts and buffers in, bytes out, and back; nothing is replaced silently. */
final class Texts {
    private Texts() {}

    static byte[] utf8(String text) {
        ByteBuffer bytes;
        try {
            bytes = StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    "the text has an unpaired surrogate and cannot be encrypted as UTF-8", e);
        }
        byte[] exact = copyOf(bytes);
        while (bytes.hasRemaining()) {
            bytes.put((byte) 0);
        }
        return exact;
    }

    static String text(byte[] utf8) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalStateException("the plaintext is not UTF-8 text: open it with toBytes()");
        }
    }

    static byte[] copyOf(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return copy;
    }

    static String token(byte[] message) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(message);
    }

    static byte[] fromToken(String token) {
        byte[] message;
        try {
            message = Base64.getUrlDecoder().decode(token);
        } catch (IllegalArgumentException e) {
            throw HeaderParser.malformed("It is not base64url text.");
        }
        // The decoder ignores bits behind the last byte and takes padding; a token has one spelling only.
        if (!token(message).equals(token)) {
            throw HeaderParser.malformed("It is not base64url text in its one canonical form.");
        }
        return message;
    }
}
