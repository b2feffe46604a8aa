package io.sealwright.kms.core.crypto;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A bounded pool of things that only one thread may hold at a time, such as ciphers. Without locks, and without
 * thread-locals, so that many virtual threads do not mean many ciphers.
 *
 * <p>Exclusive by construction: a thing is in at most one cell, and leaves it by an atomic exchange with null. Whoever
 * took it puts it back at most once, and never after a failure that may have left it in use.
 */
public final class ExclusivePool<T> {
    private final AtomicReferenceArray<@Nullable T> cells;

    /** Makes an empty pool for at most {@code capacity} idle things, 1 or more. */
    public ExclusivePool(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("A pool must hold at least 1, not " + capacity + ".");
        }
        cells = new AtomicReferenceArray<>(capacity);
    }

    /** Takes an idle thing, or null if there is none: then make one. */
    public @Nullable T take() {
        int length = cells.length();
        int start = start(length);
        for (int i = 0; i < length; i++) {
            int index = start + i < length ? start + i : start + i - length;
            // The plain look first keeps empty cells' cache lines shared between cores.
            if (cells.getPlain(index) != null) {
                T taken = cells.getAndSet(index, null);
                if (taken != null) {
                    return taken;
                }
            }
        }
        return null;
    }

    /** Gives a thing back. False if the pool is full: then it is dropped. */
    public boolean put(T thing) {
        int length = cells.length();
        int start = start(length);
        for (int i = 0; i < length; i++) {
            int index = start + i < length ? start + i : start + i - length;
            if (cells.getPlain(index) == null && cells.compareAndSet(index, null, thing)) {
                return true;
            }
        }
        return false;
    }

    /** Drops everything that is idle. */
    public void clear() {
        for (int i = 0; i < cells.length(); i++) {
            cells.set(i, null);
        }
    }

    // Threads start at different cells, so that two of them seldom meet at one; a hint, nothing depends on it.
    private static int start(int length) {
        long mixed = Thread.currentThread().getId() * 0x9E3779B97F4A7C15L;
        return (int) ((mixed >>> 33) % length);
    }
}
