package io.sealwright.kms.core.crypto;

import java.security.GeneralSecurityException;
import java.security.Provider;
import org.jspecify.annotations.Nullable;

/**
 * Ciphers for AES-GCM, lent to the workers of chunked messages: to make one costs two times as much as to re-key one.
 * Bounded; what does not fit is dropped. Safe for concurrent use.
 */
public final class CipherPool {
    private final @Nullable Provider provider;
    private final ExclusivePool<Lent> idle;

    /**
     * Makes an empty pool.
     *
     * @param capacity how many idle ciphers are kept, 1 or more
     * @param provider where they come from, or null for the platform's default
     */
    public CipherPool(int capacity, @Nullable Provider provider) {
        this.provider = provider;
        this.idle = new ExclusivePool<>(capacity);
    }

    /** A cipher on loan; without a key while it is idle. */
    static final class Lent extends ExclusivePool.Item {
        final GcmCipher gcm;

        private Lent(GcmCipher gcm) {
            this.gcm = gcm;
        }
    }

    /** A cipher for that key; to be given back once, or dropped. */
    Lent lend(byte[] key) throws GeneralSecurityException {
        Lent lent = idle.take();
        if (lent == null) {
            lent = new Lent(new GcmCipher(provider));
        }
        lent.gcm.rekey(key);
        return lent;
    }

    /** Takes a cipher back whose last call succeeded, or that had none; wipes its key. */
    void giveBack(Lent lent) {
        lent.gcm.forgetKey();
        idle.put(lent);
    }

    /** Parts with a cipher that may be in any state. */
    void drop(Lent lent) {
        lent.gcm.forgetKey();
        idle.drop(lent);
    }

    /** Drops all; those on loan are dropped when they come back. */
    public void clear() {
        idle.clear();
    }
}
