package io.sealwright.kms.core.namedkey;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/** How work is repeated that others came before: bounded, and a little later each time. */
final class Attempts {
    /** How often a read or a change is tried when others change the same key at the same moment. */
    static final int MOST = 20;

    private Attempts() {}

    /** Lets the others finish; a little longer each time, and not all equally long. */
    static void pause(String name, int attempt) {
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(1, 500_000L * (attempt + 1)));
        if (Thread.currentThread().isInterrupted()) {
            throw KeyErrors.interrupted(KeyErrors.key(name), new InterruptedException());
        }
    }
}
