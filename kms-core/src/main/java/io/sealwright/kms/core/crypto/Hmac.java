package io.sealwright.kms.core.crypto;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Provider;
import java.util.Arrays;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/**
 * HMAC (RFC 2104) under one key, with tags of a stated length and a comparison in constant time.
 *
 * <p>An instance is exclusive to one thread at a time and can be used for any number of messages. The static forms are
 * for single messages.
 */
public final class Hmac {
    /** Shortest tag that is made or accepted: 128 bits, NIST SP 800-107r1 section 5.3.3 with room to spare. */
    public static final int MIN_TAG_BYTES = 16;

    private final HashFunction hash;
    private final Mac mac;

    /**
     * Makes an HMAC keyed once.
     *
     * @param key 1 byte or more; copied, neither kept nor wiped
     * @param provider where the primitive comes from, or null for the platform's default
     * @throws GeneralSecurityException if the provider lacks the algorithm or refuses the key
     */
    public Hmac(HashFunction hash, byte[] key, @Nullable Provider provider) throws GeneralSecurityException {
        if (key.length == 0) {
            throw new IllegalArgumentException("An HMAC key must have at least 1 byte.");
        }
        this.hash = hash;
        this.mac = provider == null ? Mac.getInstance(hash.macName()) : Mac.getInstance(hash.macName(), provider);
        RawKey rawKey = new RawKey(hash.macName(), key);
        try {
            mac.init(rawKey);
        } finally {
            rawKey.destroy();
        }
    }

    /** Adds a part to the current message. */
    public Hmac update(byte[] part) {
        mac.update(part);
        return this;
    }

    /** Adds {@code length} bytes from {@code offset} to the current message. */
    public Hmac update(byte[] part, int offset, int length) {
        mac.update(part, offset, length);
        return this;
    }

    /** Ends the current message: its full tag. */
    public byte[] finish() {
        return mac.doFinal();
    }

    /**
     * Ends the current message: the first {@code tagBytes} bytes of its tag.
     *
     * @param tagBytes 16 to the hash's length
     */
    public byte[] finish(int tagBytes) {
        requireTagLength(hash, tagBytes);
        byte[] full = mac.doFinal();
        if (tagBytes == full.length) {
            return full;
        }
        byte[] cut = Arrays.copyOf(full, tagBytes);
        Arrays.fill(full, (byte) 0);
        return cut;
    }

    /**
     * Ends the current message and tells in constant time whether {@code tag} is its tag of {@code tagBytes} bytes.
     *
     * @param tag as received; another length than {@code tagBytes} is a mismatch, so that nobody can shorten a tag
     * @param tagBytes the length agreed on, 16 to the hash's length; never take it from {@code tag}
     */
    public boolean finishAndVerify(byte[] tag, int tagBytes) {
        byte[] expected = finish(tagBytes);
        try {
            return MessageDigest.isEqual(expected, tag);
        } finally {
            Arrays.fill(expected, (byte) 0);
        }
    }

    /** Ends the current message and writes its full tag to the start of {@code out}; for {@link Hkdf}. */
    void finishInto(byte[] out) throws GeneralSecurityException {
        mac.doFinal(out, 0);
    }

    /**
     * The tag of one message, given in parts.
     *
     * @param tagBytes 16 to the hash's length
     * @throws GeneralSecurityException if the provider lacks the algorithm or refuses the key
     */
    public static byte[] tag(
            HashFunction hash, byte[] key, int tagBytes, @Nullable Provider provider, byte[]... messageParts)
            throws GeneralSecurityException {
        return over(hash, key, provider, messageParts).finish(tagBytes);
    }

    /**
     * Tells in constant time whether {@code tag} is the tag of the message given in parts.
     *
     * @param tagBytes the length agreed on, 16 to the hash's length
     * @throws GeneralSecurityException if the provider lacks the algorithm or refuses the key; never for a wrong tag
     */
    public static boolean verify(
            HashFunction hash,
            byte[] key,
            byte[] tag,
            int tagBytes,
            @Nullable Provider provider,
            byte[]... messageParts)
            throws GeneralSecurityException {
        return over(hash, key, provider, messageParts).finishAndVerify(tag, tagBytes);
    }

    private static Hmac over(HashFunction hash, byte[] key, @Nullable Provider provider, byte[]... parts)
            throws GeneralSecurityException {
        Hmac hmac = new Hmac(hash, key, provider);
        for (byte[] part : parts) {
            hmac.update(part);
        }
        return hmac;
    }

    private static void requireTagLength(HashFunction hash, int tagBytes) {
        if (tagBytes < MIN_TAG_BYTES || tagBytes > hash.outputBytes()) {
            throw new IllegalArgumentException("A tag of " + hash.macName() + " must have " + MIN_TAG_BYTES + " to "
                    + hash.outputBytes() + " bytes, not " + tagBytes + ".");
        }
    }
}
