package io.sealwright.kms.core.time;

import io.sealwright.kms.spi.TimeSource;

/**
 * Nanoseconds that cost one plain read: the machine's clock is read every 50 ms by one daemon thread, since
 * {@code System.nanoTime} costs 29 ns on virtual machines, a tenth of a small message. A clock given by the caller is
 * read directly.
 */
public final class CoarseTime implements AutoCloseable {
    private final TimeSource source;
    private final boolean ticked;
    private final Runnable gap;

    /**
     * Begins to tick.
     *
     * @param gap called when a tick came so late that this process may have been stopped, cloned or restored meanwhile
     */
    public CoarseTime(TimeSource source, Runnable gap) {
        this.source = source;
        this.ticked = source.equals(TimeSource.system());
        this.gap = gap;
        if (ticked) {
            Ticker.join(gap);
        }
    }

    /** The time now, at most 50 ms old while the ticker gets its turn. */
    public long now() {
        return ticked ? Ticker.now : source.nanoTime();
    }

    @Override
    public void close() {
        if (ticked) {
            Ticker.leave(gap);
        }
    }
}
