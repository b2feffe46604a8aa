package io.sealwright.kms.core.opening;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.GcmCipher;
import io.sealwright.kms.core.crypto.Xaes256Gcm;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsBugException;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * An authenticated header and its body key, ready to open every message that begins with the same bytes. A header that
 * comes again gets ciphers of its own, keyed once; the first time, one is borrowed and re-keyed.
 */
public final class OpeningEpoch extends CachedSecret {
    /** What opening returns when the epoch was dropped under the caller: find it again. */
    static final int DROPPED = -1;

    private final Header header;
    private final Suite suite;
    private final Root root;
    private final SecretBytes key;
    private final Ciphers ciphers;
    private final Ciphers.@Nullable Own own;
    private final @Nullable Xaes256Gcm xaes;

    OpeningEpoch(Header header, Suite suite, Root root, EpochKeys keys, Ciphers ciphers) {
        this.header = header;
        this.suite = suite;
        this.root = root;
        this.ciphers = ciphers;
        this.key = suite == Suite.CHUNKED_AES_256_GCM ? keys.streamKey() : keys.bodyKey();
        this.own = suite == Suite.AES_256_GCM ? ciphers.own() : null;
        this.xaes = suite == Suite.XAES_256_GCM ? xaes(ciphers.provider()) : null;
    }

    private Xaes256Gcm xaes(@Nullable Provider provider) {
        byte[] copy = key.copy();
        try {
            return new Xaes256Gcm(copy, provider);
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider has no AES/ECB/NoPadding or AES/GCM/NoPadding", e);
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }

    /** Whether a message begins with this very header. */
    boolean matches(byte[] message, int from, int to) {
        byte[] bytes = header.bytes();
        return to - from >= bytes.length && Arrays.equals(bytes, 0, bytes.length, message, from, from + bytes.length);
    }

    Root root() {
        return root;
    }

    /** The authenticated header. */
    public Header header() {
        return header;
    }

    public Suite suite() {
        return suite;
    }

    public SecurityLevel level() {
        return SecurityLevel.STANDARD;
    }

    public EncryptionContext context() {
        return header.context();
    }

    /** What names the key that opened it. */
    public String keyId() {
        return root.keyId();
    }

    /** Length of the header; the body begins there. */
    public int headerLength() {
        return header.length();
    }

    /** About how many messages the ciphers that it has of its own now have opened. */
    long opened() {
        return own == null ? 0 : own.opened();
    }

    /** Rough size in memory, for the cache's bound. */
    int weight() {
        return 1024 + header.length();
    }

    /**
     * What the plaintext's length will be if the body is authentic.
     *
     * @throws AuthenticationFailedException if no body of this suite has such a length
     */
    public int plaintextLength(int bodyLength) {
        int overhead = suite == Suite.AES_256_GCM
                ? GcmCipher.NONCE_BYTES + GcmCipher.TAG_BYTES
                : Xaes256Gcm.NONCE_BYTES + Xaes256Gcm.TAG_BYTES;
        if (bodyLength < overhead) {
            used();
            throw new AuthenticationFailedException();
        }
        return bodyLength - overhead;
    }

    /**
     * Opens a body of suite 1 or 2. If it fails, the range that the plaintext would have filled holds zeros.
     *
     * @return how many bytes were written, or {@link #DROPPED}
     */
    int open(byte[] in, int offset, int length, byte[] aad, byte[] out, int outOffset) {
        try {
            return xaes == null
                    ? openGcm(in, offset, length, aad, out, outOffset)
                    : openXaes(xaes, in, offset, length, aad, out, outOffset);
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider failed to open", e);
        } finally {
            used();
        }
    }

    private int openGcm(byte[] in, int offset, int length, byte[] aad, byte[] out, int outOffset)
            throws GeneralSecurityException {
        Ciphers.Borrowed cipher = ciphers.borrow(own, key);
        if (cipher == null) {
            return DROPPED;
        }
        cipher.opened++;
        System.arraycopy(in, offset, cipher.nonce, 0, GcmCipher.NONCE_BYTES);
        boolean reusable = false;
        try {
            int opened = cipher.gcm.open(
                    cipher.nonce,
                    in,
                    offset + GcmCipher.NONCE_BYTES,
                    length - GcmCipher.NONCE_BYTES,
                    aad,
                    0,
                    aad.length,
                    out,
                    outOffset);
            reusable = true;
            return opened;
        } catch (AEADBadTagException e) {
            reusable = true; // an everyday answer: forged input must not cost new ciphers
            throw e;
        } finally {
            if (reusable) {
                ciphers.giveBack(own, cipher);
            } else {
                ciphers.drop(own, cipher);
            }
        }
    }

    private int openXaes(Xaes256Gcm xaes, byte[] in, int offset, int length, byte[] aad, byte[] out, int outOffset)
            throws GeneralSecurityException {
        byte[] nonce = Arrays.copyOfRange(in, offset, offset + Xaes256Gcm.NONCE_BYTES);
        try {
            ciphers.countOne();
            return xaes.open(nonce, in, offset + nonce.length, length - nonce.length, aad, out, outOffset);
        } catch (IllegalStateException e) {
            return DROPPED;
        }
    }

    /**
     * The keys of a chunked body, which the caller closes; null if the epoch was dropped under the caller.
     *
     * @param in begins with the body's salt and commitment at {@code offset}
     * @throws AuthenticationFailedException if they, the key or the associated data are not those of the sealing
     */
    public @Nullable ChunkKeys chunkKeys(byte[] in, int offset, int length, byte[] aad) {
        byte[] inputKey;
        try {
            inputKey = key.copy();
        } catch (IllegalStateException e) {
            return null;
        }
        ciphers.countOne();
        try {
            return ChunkKeys.forOpening(inputKey, in, offset, length, aad, ciphers.provider());
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider failed to derive", e);
        } finally {
            Arrays.fill(inputKey, (byte) 0);
            used();
        }
    }

    @Override
    void wipe() {
        key.close();
        if (own != null) {
            ciphers.release(own);
        }
        if (xaes != null) {
            xaes.close();
        }
    }

    @Override
    public String toString() {
        return "OpeningEpoch[redacted]";
    }
}
