package io.sealwright.kms.core.crypto;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A bounded pool of things that only one thread may hold at a time, such as ciphers. Without locks, and without
 * thread-locals, so that many virtual threads do not mean many ciphers.
 *
 * <p>Exclusive by construction: a thing keeps its cell, and is held by whoever turns its mark from idle to held, which
 * is one atomic step. Whoever made or took it gives it back once with {@link #put}, or, after a failure that may have
 * left it in use, parts with it by {@link #drop}. The cells are only read by the way of every message, and the mark is
 * in the thing, which its holder writes anyway, so that cores share nothing that changes.
 */
public final class ExclusivePool<T extends ExclusivePool.Item> {
    private static final VarHandle IDLE;

    static {
        try {
            IDLE = MethodHandles.lookup().findVarHandle(Item.class, "idle", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final AtomicReferenceArray<@Nullable T> cells;

    /** What can be in a pool. Held by whoever makes it. */
    public abstract static class Item {
        @SuppressWarnings("unused") // by the var handle only
        private boolean idle;

        private boolean hasCell; // the holder's

        // Longer than a cache line: two things side by side on the heap are not slowed down by each other's holders.
        @SuppressWarnings("unused")
        private long pad0, pad1, pad2, pad3, pad4, pad5, pad6, pad7;
    }

    /** Makes an empty pool for at most {@code capacity} things, 1 or more. */
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
            T thing = cells.getPlain(start + i < length ? start + i : start + i - length);
            if (thing != null && (boolean) IDLE.getOpaque(thing) && IDLE.compareAndSet(thing, true, false)) {
                return thing;
            }
        }
        return null;
    }

    /** Gives a thing back, or adds one that is new. False if the pool is full: then it is dropped. */
    public boolean put(T thing) {
        Item item = thing;
        if (!item.hasCell && !settle(thing)) {
            return false;
        }
        IDLE.setRelease(thing, true);
        return true;
    }

    private boolean settle(T thing) {
        Item item = thing;
        int length = cells.length();
        int start = start(length);
        for (int i = 0; i < length; i++) {
            int index = start + i < length ? start + i : start + i - length;
            if (cells.getPlain(index) == null && cells.compareAndSet(index, null, thing)) {
                item.hasCell = true;
                return true;
            }
        }
        return false;
    }

    /** Parts with a thing that the caller holds and does not give back, so that its cell is free for another. */
    public void drop(T thing) {
        Item item = thing;
        if (item.hasCell) {
            for (int i = 0; i < cells.length(); i++) {
                cells.compareAndSet(i, thing, null);
            }
        }
    }

    /** Shows everything that has a cell, what is held now included: to read a number of it, and nothing else. */
    public void forEach(Consumer<T> reader) {
        for (int i = 0; i < cells.length(); i++) {
            T thing = cells.get(i);
            if (thing != null) {
                reader.accept(thing);
            }
        }
    }

    /** Drops everything; what is held now is dropped when it is given back. */
    public void clear() {
        clear(thing -> {});
    }

    /** As {@link #clear()}; each idle thing is handed over first, held by this caller, to wipe what is secret in it. */
    public void clear(Consumer<T> last) {
        for (int i = 0; i < cells.length(); i++) {
            T thing = cells.getAndSet(i, null);
            if (thing != null && IDLE.compareAndSet(thing, true, false)) {
                last.accept(thing);
            }
        }
    }

    // Threads start at different cells, so that two of them seldom meet at one; a hint, nothing depends on it.
    private static int start(int length) {
        long mixed = Thread.currentThread().getId() * 0x9E3779B97F4A7C15L;
        return (int) ((mixed >>> 33) * length >>> 31); // a share of the length, without a division
    }
}
