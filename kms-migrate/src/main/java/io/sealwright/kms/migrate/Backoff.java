package io.sealwright.kms.migrate;

import java.time.Duration;

/** Pauses that double: for what somebody else is in the way of. Not safe for concurrent use. */
final class Backoff {
    /** Twelve attempts with these pauses between take a quarter of a minute: a server's restart. */
    static final int MOST_ATTEMPTS = 12;

    private static final Duration FIRST = Duration.ofMillis(10);
    private static final Duration LONGEST = Duration.ofSeconds(5);

    private final Stop stop;
    private Duration next = FIRST;

    Backoff(Stop stop) {
        this.stop = stop;
    }

    /** Waits; not at all once the job is to end. */
    void pause() {
        stop.pause(next);
        Duration doubled = next.multipliedBy(2);
        next = doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
    }
}
