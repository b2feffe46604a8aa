package io.sealwright.kms.core.epoch;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.HashFunction;
import io.sealwright.kms.core.crypto.Hkdf;
import io.sealwright.kms.core.crypto.Hmac;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.error.KmsBugException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * What one root and one salt give under one immutable header: HKDF-SHA-512 (RFC 5869), extracted with the salt, expanded
 * with a label and the whole immutable header, so that no bit of it can change without changing every key.
 */
public final class EpochKeys implements AutoCloseable {
    private final byte[] immutable;
    private final byte[] prk;
    private final byte[] commitment;

    /** Derives; {@code root} is read during the call, neither kept nor wiped. */
    public EpochKeys(byte[] root, byte[] salt, byte[] immutable) {
        this.immutable = immutable;
        try {
            this.prk = Hkdf.extract(salt, root);
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
        this.commitment = expand("commit");
    }

    /** The 32-byte key commitment that stands behind the immutable header; a copy. */
    public byte[] commitment() {
        return commitment.clone();
    }

    /** Compares in constant time. */
    public boolean commits(byte[] other) {
        return MessageDigest.isEqual(commitment, other);
    }

    /** The AES-256 key of suites 1 and 2. */
    public SecretBytes bodyKey() {
        return SecretBytes.owning(expand("key"));
    }

    /** The input key of suite 4. */
    public SecretBytes streamKey() {
        return SecretBytes.owning(expand("stream"));
    }

    /** The MAC over immutable header, commitment and recipients. */
    public byte[] mac(byte[] authenticated) {
        byte[] key = expand("mac");
        try {
            return Hmac.tag(HashFunction.SHA_512, key, Format.MAC_BYTES, null, authenticated);
        } catch (GeneralSecurityException e) {
            throw missing(e);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    /** Checks a header's MAC in constant time. */
    public boolean authenticates(byte[] header, int authenticatedLength) {
        return MessageDigest.isEqual(
                mac(Arrays.copyOf(header, authenticatedLength)),
                Arrays.copyOfRange(header, authenticatedLength, header.length));
    }

    private byte[] expand(String label) {
        byte[] name = label.getBytes(StandardCharsets.US_ASCII);
        byte[] info = Arrays.copyOf(name, name.length + immutable.length);
        System.arraycopy(immutable, 0, info, name.length, immutable.length);
        try {
            return Hkdf.expand(prk, info, 32);
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private static KmsBugException missing(GeneralSecurityException e) {
        return new KmsBugException("this Java has no HmacSHA512, which every Java has", e);
    }

    @Override
    public void close() {
        Arrays.fill(prk, (byte) 0);
    }
}
