package io.sealwright.kms.pkcs11;

import java.time.Duration;

/** How long one operation may still take, all of its native calls together. Safe for concurrent use. */
final class Deadline {
    private final Duration whole;
    private final long end;

    private Deadline(Duration whole) {
        this.whole = whole;
        this.end = System.nanoTime() + whole.toNanos();
    }

    static Deadline after(Duration whole) {
        return new Deadline(whole);
    }

    /** Never negative. */
    long nanosLeft() {
        return Math.max(0, end - System.nanoTime());
    }

    boolean over() {
        return nanosLeft() == 0;
    }

    /** As it was at the beginning. */
    Duration whole() {
        return whole;
    }
}
