package io.sealwright.kms.core.epoch;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.error.KmsBugException;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Suite 4: every message has keys of its own, derived with 24 random bytes; it counts as one message and no bytes. */
public final class ChunkedSealingEpoch extends SealingEpoch {
    private final Salts salts;
    private final @Nullable Provider provider;

    public ChunkedSealingEpoch(
            byte[] header, SecretBytes streamKey, long messages, int era, Salts salts, @Nullable Provider provider) {
        super(header, streamKey, messages, 0, era);
        this.salts = salts;
        this.provider = provider;
    }

    /** The keys of one new message, which the caller closes; null if the budget is used up or the epoch was closed. */
    public @Nullable ChunkKeys newMessage(byte[] associatedData) {
        if (!budget.takeMessage()) {
            return null;
        }
        byte[] inputKey;
        try {
            inputKey = key.copy();
        } catch (IllegalStateException e) {
            return null;
        }
        try {
            return ChunkKeys.forSealing(inputKey, salts.bytes(ChunkKeys.SALT_BYTES), associatedData, provider);
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider has no HmacSHA512 or AES/GCM/NoPadding", e);
        } finally {
            Arrays.fill(inputKey, (byte) 0);
        }
    }
}
