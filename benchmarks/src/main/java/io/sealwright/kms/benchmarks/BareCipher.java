package io.sealwright.kms.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The floor: what a careful caller does with the JCA alone. One reused cipher, keyed once, nonces from a counter,
 * straight into an array of exact size. No header, no room for the nonce, no key that ends. For one thread.
 */
final class BareCipher {
    static final int TAG_BYTES = 16;
    static final int NONCE_BYTES = 12;

    private static final int STREAM_BYTES = 64 * 1024;

    private final Cipher sealing = cipher();
    private final Cipher opening = cipher();
    private final SecretKeySpec key;
    private final byte[] nonce = new byte[NONCE_BYTES];
    private final ByteBuffer counter = ByteBuffer.wrap(nonce);
    private long messages;

    BareCipher() {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) 7);
        key = new SecretKeySpec(bytes, "AES");
    }

    private static Cipher cipher() {
        try {
            return Cipher.getInstance("AES/GCM/NoPadding");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    byte[] seal(byte[] plaintext, byte[] aad) throws GeneralSecurityException {
        byte[] out = new byte[plaintext.length + TAG_BYTES];
        seal(plaintext, aad, out);
        return out;
    }

    /** With a ready header and the nonce before it: what any message that stands by itself needs. */
    byte[] sealFramed(byte[] header, byte[] plaintext, byte[] aad) throws GeneralSecurityException {
        byte[] out = new byte[header.length + NONCE_BYTES + plaintext.length + TAG_BYTES];
        System.arraycopy(header, 0, out, 0, header.length);
        seal(plaintext, aad, out, header.length + NONCE_BYTES);
        System.arraycopy(nonce, 0, out, header.length, NONCE_BYTES);
        return out;
    }

    int seal(byte[] plaintext, byte[] aad, byte[] out) throws GeneralSecurityException {
        return seal(plaintext, aad, out, 0);
    }

    private int seal(byte[] plaintext, byte[] aad, byte[] out, int offset) throws GeneralSecurityException {
        counter.putLong(4, messages++);
        sealing.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
        sealing.updateAAD(aad);
        return sealing.doFinal(plaintext, 0, plaintext.length, out, offset);
    }

    /** One message of any length, by 64 KiB. */
    void seal(InputStream plaintext, byte[] aad, OutputStream sealed) throws GeneralSecurityException, IOException {
        counter.putLong(4, messages++);
        sealing.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
        sealing.updateAAD(aad);
        byte[] in = new byte[STREAM_BYTES];
        byte[] out = new byte[STREAM_BYTES + TAG_BYTES];
        for (int read = plaintext.read(in); read >= 0; read = plaintext.read(in)) {
            sealed.write(out, 0, sealing.update(in, 0, read, out, 0));
        }
        sealed.write(out, 0, sealing.doFinal(out, 0));
    }

    /** Opens what {@link #seal} made as its n-th message. */
    byte[] open(byte[] sealed, long n, byte[] aad) throws GeneralSecurityException {
        byte[] out = new byte[sealed.length - TAG_BYTES];
        open(sealed, n, aad, out);
        return out;
    }

    int open(byte[] sealed, long n, byte[] aad, byte[] out) throws GeneralSecurityException {
        counter.putLong(4, n);
        opening.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
        opening.updateAAD(aad);
        return opening.doFinal(sealed, 0, sealed.length, out, 0);
    }

    /** How many messages were sealed: the number of the next. */
    long messages() {
        return messages;
    }
}
