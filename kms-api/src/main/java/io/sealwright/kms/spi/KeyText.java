package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The two ways in which secret stores and variables hold a key of 32 bytes as text. Each reads its one form strictly;
 * what was read can be shown by its {@link #shape} alone.
 */
public final class KeyText {
    /** Length of the key. */
    public static final int KEY_BYTES = 32;

    private static final int BASE64_CHARACTERS = 43;
    private static final int PADDED_CHARACTERS = 44;
    private static final int HEX_CHARACTERS = 64;

    private KeyText() {}

    /**
     * Reads 32 bytes in base64 or base64url: 43 characters, or 44 of which the last is {@code =}; unused bits zero.
     * White space, a newline at the end included, is not taken.
     *
     * @param text ASCII; read during the call, neither kept nor closed
     * @return the key, which the caller closes; empty if the text is anything else
     */
    public static Optional<SecretBytes> base64(SecretBytes text) {
        byte[] letters = text.copy();
        byte[] key = new byte[0];
        byte[] again = new byte[0];
        boolean taken = false;
        try {
            int length = letters.length;
            if (length != BASE64_CHARACTERS && !(length == PADDED_CHARACTERS && letters[BASE64_CHARACTERS] == '=')) {
                return Optional.empty();
            }
            boolean url = false;
            boolean plain = false;
            for (int i = 0; i < BASE64_CHARACTERS; i++) {
                url |= letters[i] == '-' || letters[i] == '_';
                plain |= letters[i] == '+' || letters[i] == '/';
            }
            if (url && plain) {
                return Optional.empty();
            }
            byte[] unpadded = Arrays.copyOf(letters, BASE64_CHARACTERS);
            Arrays.fill(letters, (byte) 0);
            letters = unpadded;
            key = (url ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(letters);
            // The decoder lets stray bits of the last letter pass.
            again = (url ? Base64.getUrlEncoder() : Base64.getEncoder())
                    .withoutPadding()
                    .encode(key);
            taken = key.length == KEY_BYTES && java.security.MessageDigest.isEqual(letters, again);
            return taken ? Optional.of(SecretBytes.owning(key)) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a letter of another alphabet; the decoder's message would quote it
        } finally {
            Arrays.fill(letters, (byte) 0);
            Arrays.fill(again, (byte) 0);
            if (!taken) {
                Arrays.fill(key, (byte) 0);
            }
        }
    }

    /**
     * Reads 32 bytes in 64 hex digits, upper or lower case.
     *
     * @param text ASCII; read during the call, neither kept nor closed
     * @return the key, which the caller closes; empty if the text is anything else
     */
    public static Optional<SecretBytes> hex(SecretBytes text) {
        byte[] digits = text.copy();
        byte[] key = new byte[KEY_BYTES];
        boolean taken = false;
        try {
            if (digits.length != HEX_CHARACTERS) {
                return Optional.empty();
            }
            for (int i = 0; i < KEY_BYTES; i++) {
                if (!HexFormat.isHexDigit(digits[2 * i]) || !HexFormat.isHexDigit(digits[2 * i + 1])) {
                    return Optional.empty();
                }
                key[i] =
                        (byte) (HexFormat.fromHexDigit(digits[2 * i]) << 4 | HexFormat.fromHexDigit(digits[2 * i + 1]));
            }
            taken = true;
            return Optional.of(SecretBytes.owning(key));
        } finally {
            Arrays.fill(digits, (byte) 0);
            if (!taken) {
                Arrays.fill(key, (byte) 0);
            }
        }
    }

    /**
     * Writes a key in base64url without padding, 43 letters for 32 bytes: what rotation puts into JSON secrets.
     *
     * @param key neither kept nor closed
     * @return ASCII, which the caller closes
     */
    public static SecretBytes toBase64(SecretBytes key) {
        byte[] bytes = key.copy();
        try {
            return SecretBytes.owning(Base64.getUrlEncoder().withoutPadding().encode(bytes));
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /**
     * Writes a key in lower-case hex digits: what rotation puts where keys are kept as they are.
     *
     * @param key neither kept nor closed
     * @return ASCII, which the caller closes
     */
    public static SecretBytes toHex(SecretBytes key) {
        byte[] bytes = key.copy();
        byte[] digits = new byte[bytes.length * 2];
        for (int i = 0; i < bytes.length; i++) {
            digits[2 * i] = (byte) Character.forDigit(bytes[i] >> 4 & 15, 16);
            digits[2 * i + 1] = (byte) Character.forDigit(bytes[i] & 15, 16);
        }
        Arrays.fill(bytes, (byte) 0);
        return SecretBytes.owning(digits);
    }

    /**
     * Tells what a refused text looked like, without any of its characters: its length, and whether white space or a
     * newline stands in it.
     *
     * @param text neither kept nor closed
     */
    public static String shape(SecretBytes text) {
        byte[] letters = text.copy();
        boolean edges = false;
        boolean hex = letters.length > 0;
        boolean base64 = hex;
        for (byte letter : letters) {
            edges |= letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
            hex &= HexFormat.isHexDigit(letter);
            base64 &= letter > 0 && (Character.isLetterOrDigit(letter) || "+/-_=".indexOf(letter) >= 0);
        }
        Arrays.fill(letters, (byte) 0);
        String what = hex ? "hex digits" : base64 ? "characters of base64" : "bytes of text";
        return text.length() + " " + what + (edges ? " with white space in it" : "");
    }
}
