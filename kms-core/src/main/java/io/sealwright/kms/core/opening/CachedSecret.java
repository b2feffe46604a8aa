package io.sealwright.kms.core.opening;

/**
 * A secret in a bounded cache. A full cache may evict an entry in the very call that puts it there, so the eviction of
 * an entry that nobody has used yet is put off until its first use ends: whoever made it always gets one use of it. A
 * later user may find it wiped, and makes it anew.
 */
abstract class CachedSecret implements AutoCloseable {
    private volatile boolean fresh = true;
    private boolean dropped; // guarded by this

    /** Ends the first use. */
    final void used() {
        if (fresh) {
            endFirstUse();
        }
    }

    private void endFirstUse() {
        boolean wipe;
        synchronized (this) {
            fresh = false;
            wipe = dropped;
        }
        if (wipe) {
            wipe();
        }
    }

    /** Wipes the secret, once its first use has ended. Idempotent. */
    @Override
    public final void close() {
        synchronized (this) {
            dropped = true;
            if (fresh) {
                return;
            }
        }
        wipe();
    }

    /** Wipes; may be called more than once. */
    abstract void wipe();
}
