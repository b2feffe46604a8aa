package io.sealwright.kms.core.crypto;

import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * HKDF (RFC 5869): {@link #extract} concentrates the randomness of input key material, {@link #expand} derives any
 * number of independent keys from it. Safe for concurrent use.
 */
public final class Hkdf {
    // RFC 5869, section 2.3: L <= 255 * HashLen, since the block counter is one byte.
    private static final int MAX_BLOCKS = 255;

    private Hkdf() {}

    /** {@link #extract(HashFunction, byte[], byte[], Provider)} with SHA-512 of the platform's default provider. */
    public static byte[] extract(byte[] salt, byte[] inputKeyMaterial) throws GeneralSecurityException {
        return extract(HashFunction.SHA_512, salt, inputKeyMaterial, null);
    }

    /** {@link #expand(HashFunction, byte[], byte[], int, Provider)} with SHA-512 of the platform's default provider. */
    public static byte[] expand(byte[] pseudorandomKey, byte[] info, int length) throws GeneralSecurityException {
        return expand(HashFunction.SHA_512, pseudorandomKey, info, length, null);
    }

    /**
     * Makes a pseudorandom key of the hash's length (RFC 5869, section 2.2).
     *
     * @param salt need not be secret; empty stands for "none", which is a hash's length of zero bytes
     * @param inputKeyMaterial read during the call, neither kept nor wiped; may be empty
     * @return the caller's to wipe
     * @throws GeneralSecurityException if the provider lacks HMAC with this hash
     */
    public static byte[] extract(HashFunction hash, byte[] salt, byte[] inputKeyMaterial, @Nullable Provider provider)
            throws GeneralSecurityException {
        // The JCA refuses empty keys; HMAC pads keys with zeros, so RFC 5869's default salt is what an empty one means.
        byte[] key = salt.length == 0 ? new byte[hash.outputBytes()] : salt;
        return new Hmac(hash, key, provider).update(inputKeyMaterial).finish();
    }

    /**
     * Derives {@code length} bytes (RFC 5869, section 2.3).
     *
     * @param pseudorandomKey uniformly random; 1 byte or more, since C2SP's chunked encryption expands from keys that
     *     are shorter than the hash; read during the call, neither kept nor wiped
     * @param info what the result is for; other info, unrelated result; may be empty
     * @param length 1 to 255 times the hash's length
     * @return the caller's to wipe
     * @throws GeneralSecurityException if the provider lacks HMAC with this hash
     */
    public static byte[] expand(
            HashFunction hash, byte[] pseudorandomKey, byte[] info, int length, @Nullable Provider provider)
            throws GeneralSecurityException {
        int hashBytes = hash.outputBytes();
        if (length < 1 || length > MAX_BLOCKS * hashBytes) {
            throw new IllegalArgumentException("HKDF with " + hash + " derives 1 to " + MAX_BLOCKS * hashBytes
                    + " bytes (255 blocks, RFC 5869 section 2.3), not " + length + ".");
        }
        Hmac hmac = new Hmac(hash, pseudorandomKey, provider);
        byte[] result = new byte[length];
        byte[] block = new byte[hashBytes];
        byte[] counter = new byte[1];
        boolean complete = false;
        try {
            for (int done = 0; done < length; done += hashBytes) {
                if (done > 0) {
                    hmac.update(block);
                }
                counter[0]++;
                hmac.update(info).update(counter);
                hmac.finishInto(block);
                System.arraycopy(block, 0, result, done, Math.min(hashBytes, length - done));
            }
            complete = true;
            return result;
        } finally {
            Arrays.fill(block, (byte) 0);
            if (!complete) {
                Arrays.fill(result, (byte) 0);
            }
        }
    }
}
