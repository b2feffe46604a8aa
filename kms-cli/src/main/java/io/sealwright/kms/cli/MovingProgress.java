package io.sealwright.kms.cli;

import io.sealwright.kms.migrate.MigrationReport;
import io.sealwright.kms.spi.TimeSource;
import java.util.Locale;
import java.util.function.Consumer;

/** Tells on a terminal how far a move is, for work over a second. Not safe for concurrent use. */
final class MovingProgress implements Consumer<MigrationReport>, AutoCloseable {
    private static final long PATIENCE_NANOS = 1_000_000_000L;
    private static final long REPAINT_NANOS = 100_000_000L;

    private final Surroundings here;
    private final boolean seen;
    private final TimeSource time;
    private long next;
    private boolean painted;

    MovingProgress(Surroundings here, TimeSource time) {
        this.here = here;
        this.seen = here.terminals().err();
        this.time = time;
        this.next = time.nanoTime() + PATIENCE_NANOS;
    }

    @Override
    public void accept(MigrationReport now) {
        long at = time.nanoTime();
        if (seen && at - next >= 0) {
            next = at + REPAINT_NANOS;
            painted = true;
            here.writeError("\r" + line(now) + "\033[K");
        }
    }

    static String line(MigrationReport now) {
        return String.format(
                Locale.ROOT,
                "%d looked at, %d moved, %d failed; %s a second, %s in the last batch",
                now.read(),
                now.moved() + now.converted() + now.encryptedAnew(),
                now.failed(),
                rate(now.perSecond()),
                rate(now.lastBatchPerSecond()));
    }

    /** Slow work shows a place behind the point. */
    static String rate(double perSecond) {
        return String.format(Locale.ROOT, perSecond < 10 ? "%.1f" : "%.0f", perSecond);
    }

    @Override
    public void close() {
        if (painted) {
            here.writeError("\r\033[K");
        }
    }
}
