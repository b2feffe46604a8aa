package io.sealwright.kms.cli;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A bar on a terminal's standard error for work over a second. Not safe for concurrent use. */
final class Progress {
    private static final long PATIENCE_NANOS = 1_000_000_000L;
    private static final long REPAINT_NANOS = 100_000_000L;
    private static final int WIDTH = 30;

    private final Surroundings here;
    private final @Nullable Long total;
    private final long started = System.nanoTime();
    private long next = started + PATIENCE_NANOS;
    private long done;
    private boolean painted;

    private Progress(Surroundings here, @Nullable Long total) {
        this.here = here;
        this.total = total;
    }

    /** A bar, or null where nobody would see it. */
    static @Nullable Progress of(Surroundings here, @Nullable Long total) {
        return here.terminals().err() ? new Progress(here, total) : null;
    }

    void add(int bytes) {
        done += bytes;
        long now = System.nanoTime();
        if (now - next >= 0) {
            next = now + REPAINT_NANOS;
            painted = true;
            here.writeError("\r" + line(done, total, now - started) + "\033[K");
        }
    }

    void clear() {
        if (painted) {
            painted = false;
            here.writeError("\r\033[K");
        }
    }

    static String line(long done, @Nullable Long total, long nanos) {
        double mib = done / 1048576.0;
        String rate = String.format(Locale.ROOT, "%.0f MiB, %.0f MiB/s", mib, mib / (nanos / 1e9));
        if (total == null || total <= 0) {
            return rate;
        }
        double part = Math.min(1.0, (double) done / total);
        int filled = (int) (part * WIDTH);
        return String.format(
                Locale.ROOT,
                "[%s%s] %3d %%, %s",
                "=".repeat(filled),
                " ".repeat(WIDTH - filled),
                (int) (part * 100),
                rate);
    }
}
