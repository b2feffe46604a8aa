package io.sealwright.kms.core.crypto;

import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import java.util.Objects;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * One JCA cipher for AES-256-GCM (NIST SP 800-38D) with 12-byte nonces and 16-byte tags, held for many messages.
 *
 * <p><b>Exclusive.</b> Whoever holds it must be the only one: two threads in one SunJCE cipher get exceptions, and a
 * native provider may take the JVM down. Slots and {@link ExclusivePool} give that by construction.
 *
 * <p><b>Nonces</b> are the caller's: one that is sealed with twice under one key breaks both messages. (SunJCE refuses
 * the nonce of the message just before; nothing here depends on it.)
 *
 * <p>The key schedule is computed at the first call after the constructor or {@link #rekey} (0.5 to 1.6 us) and kept; a
 * message costs one {@code init} with a new nonce, at most one {@code updateAAD} and one {@code doFinal} straight into
 * the caller's array. A call is meant for at most 64 KiB: larger ones leave the code that warms up quickly.
 *
 * <p>Allocated here per message: one {@link GCMParameterSpec} with its copy of the nonce, which is immutable and so
 * cannot be reused. The rest is the provider's: 936 bytes in all on JDK 17, as for the bare cipher.
 */
public final class GcmCipher {
    /** Key length. */
    public static final int KEY_BYTES = 32;
    /** Nonce length. */
    public static final int NONCE_BYTES = 12;
    /** Tag length; what sealing adds. */
    public static final int TAG_BYTES = 16;

    private static final int TAG_BITS = TAG_BYTES * 8;

    private final Cipher cipher;
    private @Nullable RawKey key;

    /**
     * Makes a cipher that has no key yet: {@link #rekey} gives it one.
     *
     * @param provider where the primitive comes from, or null for the platform's default
     * @throws GeneralSecurityException if the provider lacks AES/GCM/NoPadding
     */
    public GcmCipher(@Nullable Provider provider) throws GeneralSecurityException {
        cipher = provider == null
                ? Cipher.getInstance("AES/GCM/NoPadding")
                : Cipher.getInstance("AES/GCM/NoPadding", provider);
    }

    /**
     * Makes a cipher for one key.
     *
     * @param key 32 bytes; copied
     * @param provider where the primitive comes from, or null for the platform's default
     * @throws GeneralSecurityException if the provider lacks AES/GCM/NoPadding
     */
    public GcmCipher(byte[] key, @Nullable Provider provider) throws GeneralSecurityException {
        this(provider);
        rekey(key);
    }

    /**
     * Takes another key, for pooled ciphers that meet many keys. Costs the key schedule at the next call.
     *
     * @param newKey 32 bytes; copied
     */
    public void rekey(byte[] newKey) {
        if (newKey.length != KEY_BYTES) {
            throw new IllegalArgumentException("An AES-256 key must have 32 bytes, not " + newKey.length + ".");
        }
        forgetKey();
        key = new RawKey("AES", newKey);
    }

    /**
     * Wipes this object's copy of the key; the next message needs {@link #rekey}. What the provider derived from it
     * stays until this cipher is re-keyed and used, or collected.
     */
    public void forgetKey() {
        if (key != null) {
            key.destroy();
            key = null;
        }
    }

    /**
     * Encrypts and authenticates: writes {@code inLength + 16} bytes, ciphertext then tag, and returns that number.
     *
     * @param nonce 12 bytes, never used before under this key; read during the call, may be changed after it
     * @param aad authenticated, not encrypted; {@code aadLength} may be 0
     * @param out must have room for {@code inLength + 16} bytes from {@code outOffset}; that range must not overlap
     *     the input's
     * @throws GeneralSecurityException if the provider fails; the nonce counts as used all the same
     * @throws IndexOutOfBoundsException if a range lies outside its array
     */
    public int seal(
            byte[] nonce,
            byte[] in,
            int inOffset,
            int inLength,
            byte[] aad,
            int aadOffset,
            int aadLength,
            byte[] out,
            int outOffset)
            throws GeneralSecurityException {
        Objects.checkFromIndexSize(inOffset, inLength, in.length);
        Objects.checkFromIndexSize(aadOffset, aadLength, aad.length);
        Objects.checkFromIndexSize(outOffset, Math.addExact(inLength, TAG_BYTES), out.length);
        init(Cipher.ENCRYPT_MODE, nonce);
        if (aadLength != 0) {
            cipher.updateAAD(aad, aadOffset, aadLength);
        }
        return cipher.doFinal(in, inOffset, inLength, out, outOffset);
    }

    /**
     * Checks and decrypts: writes {@code inLength - 16} bytes and returns that number. When it throws, that range of
     * {@code out} holds zeros.
     *
     * @param nonce 12 bytes; read during the call
     * @param in ciphertext, then tag
     * @param aad what was authenticated; {@code aadLength} may be 0
     * @param out must have room for {@code inLength - 16} bytes from {@code outOffset}; that range must not overlap
     *     the input's
     * @throws AEADBadTagException if key, nonce, ciphertext, tag or associated data are not those of the sealing, or
     *     the input is shorter than a tag
     * @throws GeneralSecurityException if the provider fails
     * @throws IndexOutOfBoundsException if a range lies outside its array
     */
    public int open(
            byte[] nonce,
            byte[] in,
            int inOffset,
            int inLength,
            byte[] aad,
            int aadOffset,
            int aadLength,
            byte[] out,
            int outOffset)
            throws GeneralSecurityException {
        Objects.checkFromIndexSize(inOffset, inLength, in.length);
        Objects.checkFromIndexSize(aadOffset, aadLength, aad.length);
        if (inLength < TAG_BYTES) {
            throw new AEADBadTagException("The input is shorter than a tag.");
        }
        Objects.checkFromIndexSize(outOffset, inLength - TAG_BYTES, out.length);
        boolean authentic = false;
        try {
            init(Cipher.DECRYPT_MODE, nonce);
            if (aadLength != 0) {
                cipher.updateAAD(aad, aadOffset, aadLength);
            }
            int opened = cipher.doFinal(in, inOffset, inLength, out, outOffset);
            authentic = true;
            return opened;
        } finally {
            // Providers differ in whether they clear what they decrypted before the tag failed.
            if (!authentic) {
                Arrays.fill(out, outOffset, outOffset + inLength - TAG_BYTES, (byte) 0);
            }
        }
    }

    private void init(int mode, byte[] nonce) throws GeneralSecurityException {
        if (nonce.length != NONCE_BYTES) {
            throw new IllegalArgumentException("An AES-GCM nonce must have 12 bytes, not " + nonce.length + ".");
        }
        RawKey current = key;
        if (current == null) {
            throw new IllegalStateException("This cipher has no key: call rekey first.");
        }
        cipher.init(mode, current, new GCMParameterSpec(TAG_BITS, nonce));
    }
}
