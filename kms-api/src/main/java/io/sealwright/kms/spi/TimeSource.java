package io.sealwright.kms.spi;

import java.time.Instant;

/** Where the engine takes its time from; tests give their own. Safe for concurrent use. */
public interface TimeSource {
    /** Nanoseconds of a clock that only goes forward; its zero means nothing. */
    long nanoTime();

    /** The time of day. */
    Instant instant();

    /** The machine's clocks; always the same object. */
    static TimeSource system() {
        return SystemTime.INSTANCE;
    }
}
