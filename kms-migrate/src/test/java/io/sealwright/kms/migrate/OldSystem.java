package io.sealwright.kms.migrate;

import io.sealwright.kms.migrate.RawAesGcm.Encoding;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Writes as the systems did that are replaced: bare AES-GCM, by the JCA alone. */
record OldSystem(byte[] key, String layout, int ivBytes, Encoding encoding) {
    private static final SecureRandom RANDOM = new SecureRandom();

    static byte[] key(int bytes) {
        byte[] key = new byte[bytes];
        RANDOM.nextBytes(key);
        return key;
    }

    byte[] seal(byte[] plaintext) {
        return seal(plaintext, "");
    }

    byte[] seal(byte[] plaintext, String associatedData) {
        try {
            byte[] iv = key(ivBytes);
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
            cipher.updateAAD(associatedData.getBytes(StandardCharsets.UTF_8));
            byte[] sealed = cipher.doFinal(plaintext);
            byte[] ciphertext = Arrays.copyOf(sealed, sealed.length - 16);
            byte[] tag = Arrays.copyOfRange(sealed, sealed.length - 16, sealed.length);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (String part : layout.split("(?<=[:.,;$])|(?=[:.,;$])")) {
                if (part.length() == 1) {
                    out.writeBytes(part.getBytes(StandardCharsets.UTF_8));
                    continue;
                }
                ByteArrayOutputStream fields = new ByteArrayOutputStream();
                for (String field : part.split("\\|")) {
                    fields.writeBytes(field.equals("iv") ? iv : field.equals("tag") ? tag : ciphertext);
                }
                out.writeBytes(encoded(fields.toByteArray()));
            }
            return out.toByteArray();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private byte[] encoded(byte[] bytes) {
        return switch (encoding) {
            case BYTES -> bytes;
            case BASE64 -> Base64.getEncoder().encode(bytes);
            case HEX -> HexFormat.of().formatHex(bytes).getBytes(StandardCharsets.US_ASCII);
        };
    }
}
