package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keys as texts in secret stores whose clients know texts alone, as JSON's are: in either form of {@link KeyText}, and
 * written back in the one that was there. For providers.
 */
public final class SecretTexts {
    private static final int HEX_CHARACTERS = 64;

    private SecretTexts() {}

    /**
     * Reads 32 bytes in base64, base64url or hex, each as strictly as {@link KeyText} does.
     *
     * @param text null if there is none
     * @return the key, which the caller closes; empty if the text is anything else
     */
    public static Optional<SecretBytes> key(@Nullable String text) {
        if (text == null) {
            return Optional.empty();
        }
        try (SecretBytes letters = letters(text)) {
            return KeyText.base64(letters).or(() -> KeyText.hex(letters));
        }
    }

    /**
     * Writes a key in the form that the text before it had.
     *
     * @param key neither kept nor closed
     * @param before the text that this one takes the place of; null if there is none
     * @param hexAtFirst the form where there is none: hex digits, or base64url
     */
    public static String text(SecretBytes key, @Nullable String before, boolean hexAtFirst) {
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

    /**
     * The error of a secret whose text is no key; it tells the text's {@link KeyText#shape} alone.
     *
     * @param uri the secret's
     * @param place what should hold the key, as in {@code Its field 'key'}
     * @param text what is there; null if it is no text
     */
    public static ConfigurationException noKey(String uri, String place, @Nullable String text) {
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

    /**
     * The error of a secret that holds no key for another reason.
     *
     * @param uri the secret's
     * @param why a sentence, without anything of what is there
     */
    public static ConfigurationException unusable(String uri, String why) {
        return new ConfigurationException(
                "The secret " + uri + " holds no key.", why, "Put a key there, or name another secret.");
    }

    private static SecretBytes letters(String text) {
        return SecretBytes.owning(text.getBytes(StandardCharsets.UTF_8));
    }
}
