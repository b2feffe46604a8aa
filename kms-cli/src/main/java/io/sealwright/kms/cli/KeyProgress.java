package io.sealwright.kms.cli;

import io.sealwright.kms.MasterKeys;

/** Tells on a terminal how many keys are done, for work over a second. Not safe for concurrent use. */
final class KeyProgress implements MasterKeys.Progress, AutoCloseable {
    private static final long PATIENCE_NANOS = 1_000_000_000L;
    private static final long REPAINT_NANOS = 100_000_000L;

    private final Surroundings here;
    private final boolean seen;
    private long next = System.nanoTime() + PATIENCE_NANOS;
    private boolean painted;

    KeyProgress(Surroundings here) {
        this.here = here;
        this.seen = here.terminals().err();
    }

    @Override
    public void at(int done, int all) {
        long now = System.nanoTime();
        if (seen && now - next >= 0) {
            next = now + REPAINT_NANOS;
            painted = true;
            here.writeError("\r" + done + " of " + all + " keys\033[K");
        }
    }

    @Override
    public void close() {
        if (painted) {
            here.writeError("\r\033[K");
        }
    }
}
