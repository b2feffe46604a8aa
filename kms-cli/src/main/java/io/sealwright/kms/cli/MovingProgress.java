package io.sealwright.kms.cli;

import io.sealwright.kms.migrate.MigrationReport;
import java.util.Locale;
import java.util.function.Consumer;

/** Tells on a terminal how far a move is, for work over a second. Not safe for concurrent use. */
final class MovingProgress implements Consumer<MigrationReport>, AutoCloseable {
    private static final long PATIENCE_NANOS = 1_000_000_000L;
    private static final long REPAINT_NANOS = 100_000_000L;

    private final Surroundings here;
    private final boolean seen;
    private final long started = System.nanoTime();
    private long next = started + PATIENCE_NANOS;
    private boolean painted;

    MovingProgress(Surroundings here) {
        this.here = here;
        this.seen = here.terminals().err();
    }

    @Override
    public void accept(MigrationReport now) {
        long at = System.nanoTime();
        if (seen && at - next >= 0) {
            next = at + REPAINT_NANOS;
            painted = true;
            here.writeError(String.format(
                    Locale.ROOT,
                    "\r%d looked at, %d moved, %d failed\033[K",
                    now.read(),
                    now.moved() + now.converted() + now.encryptedAnew(),
                    now.failed()));
        }
    }

    @Override
    public void close() {
        if (painted) {
            here.writeError("\r\033[K");
        }
    }
}
