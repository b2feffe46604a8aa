package io.sealwright.kms.core.epoch;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many messages and bytes an epoch's key may still seal. Slots take blocks of it, so that the limit is exact and
 * nothing shared is touched per message; what a slot took and did not use is forfeited with it.
 */
final class Budget {
    /** A lease lasts a slot some 0.4 ms of small messages, so the shared counters stay cold. */
    private static final long LEASE_MESSAGES = 1024;

    private static final long LEASE_BYTES = 16L << 20;

    private final long limit;
    private final AtomicLong messages;
    private final AtomicLong bytes;

    Budget(long messages, long bytes) {
        this.limit = messages;
        this.messages = new AtomicLong(messages);
        this.bytes = new AtomicLong(bytes);
    }

    /** Up to a block of messages; 0 if none is left. */
    long leaseMessages() {
        return lease(messages, LEASE_MESSAGES, 1);
    }

    /** How many messages were taken, leases as a whole. */
    long taken() {
        return limit - messages.get();
    }

    /** One message, for epochs without slots. */
    boolean takeMessage() {
        return lease(messages, 1, 1) == 1;
    }

    /** Up to a block of bytes, at least {@code needed}; 0 if fewer are left. */
    long leaseBytes(long needed) {
        return lease(bytes, Math.max(LEASE_BYTES, needed), needed);
    }

    /** Exactly so many bytes, or 0; for epochs without slots. */
    long leaseExactly(long needed) {
        return lease(bytes, needed, needed);
    }

    private static long lease(AtomicLong left, long wanted, long needed) {
        while (true) {
            long there = left.get();
            if (there < needed) {
                return 0;
            }
            long taken = Math.min(wanted, there);
            if (left.compareAndSet(there, there - taken)) {
                return taken;
            }
        }
    }
}
