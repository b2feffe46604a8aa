package io.sealwright.kms.core.opening;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.ExclusivePool;
import io.sealwright.kms.core.crypto.GcmCipher;
import io.sealwright.kms.error.KmsBugException;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Ciphers for opening: hot headers have some of their own, keyed once, since a key schedule costs as much as a small
 * message; cold ones borrow from a common pool. A cipher holds two or three kilobytes, so their number is bounded.
 */
final class Ciphers {
    private static final int KEPT = Math.max(8, 4 * Runtime.getRuntime().availableProcessors());
    private static final int MOST_KEYED = 2048;

    private final @Nullable Provider provider;
    private final ExclusivePool<Borrowed> common = new ExclusivePool<>(KEPT);
    private final AtomicInteger keyed = new AtomicInteger();

    /** Messages opened by what is in no pool any more. */
    private final LongAdder ended = new LongAdder();

    Ciphers(@Nullable Provider provider) {
        this.provider = provider;
    }

    @Nullable
    Provider provider() {
        return provider;
    }

    Own own() {
        return new Own();
    }

    /** A cipher for one message under that key; null if the key was wiped. */
    @Nullable
    Borrowed borrow(@Nullable Own own, SecretBytes key) {
        if (own != null) {
            ExclusivePool<Borrowed> pool = own.pool; // read once: an eviction may drop it at any moment
            Borrowed kept = pool == null ? null : pool.take();
            if (kept != null) {
                return kept;
            }
        }
        byte[] copy;
        try {
            copy = key.copy();
        } catch (IllegalStateException e) {
            return null; // before anything is taken: what is not given back would keep its cell in the pool
        }
        try {
            boolean keep = own != null && own.again() && reserve(own);
            Borrowed cipher = keep ? null : common.take();
            if (cipher == null) {
                cipher = new Borrowed(new GcmCipher(provider), keep);
            }
            cipher.gcm.rekey(copy);
            return cipher;
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider has no AES/GCM/NoPadding", e);
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }

    private boolean reserve(Own own) {
        if (keyed.incrementAndGet() > MOST_KEYED) {
            keyed.decrementAndGet();
            return false;
        }
        own.reserved.incrementAndGet();
        return true;
    }

    void giveBack(@Nullable Own own, Borrowed cipher) {
        if (cipher.keep && own != null) {
            ExclusivePool<Borrowed> pool = own.pool;
            if (pool == null || !pool.put(cipher)) {
                cipher.gcm.forgetKey();
                unreserve(own, 1);
                if (cipher.opened == 1) {
                    ended.increment(); // after more it had a cell, and the release counted it
                }
            }
        } else {
            cipher.gcm.forgetKey();
            if (!common.put(cipher)) {
                ended.add(cipher.opened);
            }
        }
    }

    /** Counts a message that is opened without one of these. */
    void countOne() {
        ended.increment();
    }

    /** About how many messages were opened, but for those that the ciphers of present headers opened. */
    long opened() {
        return ended.sum() + opened(common);
    }

    private static long opened(ExclusivePool<Borrowed> pool) {
        long[] sum = {0};
        pool.forEach(cipher -> sum[0] += cipher.opened);
        return sum[0];
    }

    /** Parts with a cipher that may be in any state. */
    void drop(@Nullable Own own, Borrowed cipher) {
        cipher.gcm.forgetKey();
        ended.add(cipher.opened);
        if (cipher.keep && own != null) {
            ExclusivePool<Borrowed> pool = own.pool;
            if (pool != null) {
                pool.drop(cipher);
            }
            unreserve(own, 1);
        } else {
            common.drop(cipher);
        }
    }

    void release(Own own) {
        ExclusivePool<Borrowed> pool = own.end();
        if (pool != null) {
            ended.add(opened(pool));
            pool.clear(cipher -> cipher.gcm.forgetKey());
        }
        unreserve(own, own.reserved.get());
    }

    private void unreserve(Own own, int count) {
        // Never below zero: a cipher given back after its epoch's release was counted there already.
        for (int i = 0; i < count; i++) {
            int left = own.reserved.getAndUpdate(n -> Math.max(0, n - 1));
            if (left > 0) {
                keyed.decrementAndGet();
            }
        }
    }

    /** One cipher with the nonce's scratch array; exclusive to one thread at a time. */
    static final class Borrowed extends ExclusivePool.Item {
        final GcmCipher gcm;
        final byte[] nonce = new byte[GcmCipher.NONCE_BYTES];
        final boolean keep;

        /** How many messages it was used for: the holder's to write, so that counting shares nothing between cores. */
        long opened;

        private Borrowed(GcmCipher gcm, boolean keep) {
            this.gcm = gcm;
            this.keep = keep;
        }
    }

    /** The ciphers of one header. */
    static final class Own {
        private volatile @Nullable ExclusivePool<Borrowed> pool;
        private final AtomicInteger reserved = new AtomicInteger();
        private boolean seen; // guarded by this
        private boolean ended; // guarded by this

        private Own() {}

        /** About how many messages its present ciphers were used for. */
        long opened() {
            ExclusivePool<Borrowed> present = pool;
            return present == null ? 0 : Ciphers.opened(present);
        }

        /** Whether the header came before: the second time it gets a pool. */
        private synchronized boolean again() {
            if (seen && pool == null && !ended) {
                pool = new ExclusivePool<>(KEPT);
            }
            seen = true;
            return pool != null;
        }

        private synchronized @Nullable ExclusivePool<Borrowed> end() {
            ExclusivePool<Borrowed> last = pool;
            ended = true;
            pool = null;
            return last;
        }
    }
}
