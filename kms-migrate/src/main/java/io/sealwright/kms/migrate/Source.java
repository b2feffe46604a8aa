package io.sealwright.kms.migrate;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where items are, in an order that stays. Used by one thread.
 *
 * @param <I> what is there
 */
interface Source<I extends Item> extends AutoCloseable {
    /** Tells one source from another, in checkpoints. */
    String identity();

    /** The next items behind a position, the first ones behind null; empty at the end. */
    List<I> page(@Nullable String after, int most);

    /** As {@link #page}, where it is to be certain that nothing lies between the items but them. */
    default List<I> secondLook(@Nullable String after, int most) {
        return page(after, most);
    }

    /** How much was passed over since this was asked last, that could lead to more items. */
    default long passedOver() {
        return 0;
    }

    /**
     * Moves them, counts what became of each, and lets none be lost that somebody else changes meanwhile.
     *
     * @return whether all of them are settled; false if the job was told to end before
     */
    boolean move(List<I> page, Mover mover, Tally tally);

    @Override
    void close();
}
