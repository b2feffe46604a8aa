package io.sealwright.kms.vault;

import org.jspecify.annotations.Nullable;

/** A token and how long it lives. Never prints the token. */
final class Lease {
    private final String token;
    private final boolean renewable;
    private final long ttlNanos;
    private final long end;

    /** When the newest question whether it is alive was asked, and the answer. */
    @Nullable
    Verdict verdict; // guarded by the keeper's verifying lock

    /**
     * @param ttlNanos 0: it does not end
     * @param now of the keeper's clock
     */
    Lease(String token, boolean renewable, long ttlNanos, long now) {
        this.token = token;
        this.renewable = renewable;
        this.ttlNanos = ttlNanos;
        this.end = now + ttlNanos;
    }

    String token() {
        return token;
    }

    boolean renewable() {
        return renewable;
    }

    boolean ends() {
        return ttlNanos > 0;
    }

    long ttlNanos() {
        return ttlNanos;
    }

    boolean ended(long now) {
        return ends() && now - end >= 0;
    }

    /** Negative if it ended. */
    long nanosLeft(long now) {
        return end - now;
    }

    /** Whether it was alive when asked at that time. */
    record Verdict(long askedAt, boolean alive) {}

    @Override
    public String toString() {
        return "Lease[redacted]";
    }
}
