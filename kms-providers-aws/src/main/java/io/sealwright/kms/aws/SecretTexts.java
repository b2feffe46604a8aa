package io.sealwright.kms.aws;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Keys as texts in the two secret stores, and the errors that both have. */
final class SecretTexts {
    private static final int HEX_CHARACTERS = 64;

    private SecretTexts() {}

    /** 32 bytes in base64, base64url or hex; empty if the text is anything else. */
    static Optional<SecretBytes> key(@Nullable String text) {
        if (text == null) {
            return Optional.empty();
        }
        try (SecretBytes letters = letters(text)) {
            return KeyText.base64(letters).or(() -> KeyText.hex(letters));
        }
    }

    /** The key in the form that the text before it had. */
    static String text(SecretBytes key, @Nullable String before, boolean hexAtFirst) {
        boolean hex = before == null ? hexAtFirst : before.length() == HEX_CHARACTERS;
        try (SecretBytes letters = hex ? KeyText.toHex(key) : KeyText.toBase64(key)) {
            byte[] copy = letters.copy();
            try {
                return new String(copy, StandardCharsets.US_ASCII);
            } finally {
                Arrays.fill(copy, (byte) 0);
            }
        }
    }

    /** @param place what should hold the key, as in {@code Its field 'key'} */
    static ConfigurationException noKey(String uri, String place, @Nullable String text) {
        String found = "it is no text";
        if (text != null) {
            try (SecretBytes letters = letters(text)) {
                found = "it is " + KeyText.shape(letters);
            }
        }
        return unusable(
                uri,
                place + " must be 32 bytes in base64 or base64url (43 characters) or in hex (64 digits); " + found
                        + ".");
    }

    static ConfigurationException unusable(String uri, String why) {
        return new ConfigurationException(
                "The secret " + uri + " holds no key.", why, "Put a key there, or name another secret.");
    }

    static StoreException conflict(String uri) {
        return new StoreException(
                ErrorCode.KMS_STORE_CONFLICT,
                "The secret " + uri + " was not written.",
                "It has changed since it was read, or is there already.",
                "Read it again, then repeat.");
    }

    private static SecretBytes letters(String text) {
        return SecretBytes.owning(text.getBytes(StandardCharsets.UTF_8));
    }
}
