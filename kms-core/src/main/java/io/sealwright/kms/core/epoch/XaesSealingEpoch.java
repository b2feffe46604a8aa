package io.sealwright.kms.core.epoch;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.Xaes256Gcm;
import io.sealwright.kms.error.KmsBugException;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Suite 2: 24 random bytes a message, so a repeated snapshot repeats no nonce where the kernel reseeds. */
public final class XaesSealingEpoch extends SealingEpoch {
    /** What the body adds to the plaintext. */
    public static final int OVERHEAD_BYTES = Xaes256Gcm.NONCE_BYTES + Xaes256Gcm.TAG_BYTES;

    private final Xaes256Gcm cipher;
    private final Salts salts;

    public XaesSealingEpoch(
            byte[] header,
            SecretBytes key,
            long messages,
            long bytes,
            int era,
            Salts salts,
            @Nullable Provider provider) {
        super(header, key, messages, bytes, era);
        this.salts = salts;
        this.cipher = cipher(key, provider);
    }

    static Xaes256Gcm cipher(SecretBytes key, @Nullable Provider provider) {
        byte[] copy = key.copy();
        try {
            return new Xaes256Gcm(copy, provider);
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider has no AES/ECB/NoPadding or AES/GCM/NoPadding", e);
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }

    /** Length of a whole message. */
    public int sealedLength(int plaintextLength) {
        return header.length + OVERHEAD_BYTES + plaintextLength;
    }

    /** As {@link GcmSealingEpoch#seal}. */
    public int seal(byte[] in, int inOffset, int length, byte[] aad, byte[] out, int outOffset) {
        if (!budget.takeMessage() || length > 0 && budget.leaseExactly(length) == 0) {
            return EXHAUSTED;
        }
        byte[] nonce = salts.bytes(Xaes256Gcm.NONCE_BYTES);
        System.arraycopy(header, 0, out, outOffset, header.length);
        System.arraycopy(nonce, 0, out, outOffset + header.length, nonce.length);
        try {
            int sealed = cipher.seal(nonce, in, inOffset, length, aad, out, outOffset + header.length + nonce.length);
            return header.length + nonce.length + sealed;
        } catch (IllegalStateException e) {
            return EXHAUSTED; // closed meanwhile
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("XAES-256-GCM refused to seal", e);
        }
    }

    @Override
    public void close() {
        super.close();
        cipher.close();
    }
}
