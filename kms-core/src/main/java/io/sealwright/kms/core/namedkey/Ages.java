package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.core.lease.Lease;
import io.sealwright.kms.core.lease.Terms;
import java.time.Duration;

/**
 * How long a key may stay in memory after it was unwrapped.
 *
 * @param terms for opening
 * @param sealWindow how long, at most, it seals while checks find no answer, in nanoseconds
 */
record Ages(Terms terms, long sealWindow) {
    /** Between two attempts to refresh the same key. */
    static final long PAUSE_NANOS = Lease.PAUSE.toNanos();

    /** For calls that got the key just before it expired. */
    private static final long GRACE_NANOS = Duration.ofSeconds(2).toNanos();

    static Ages of(DataKeyPolicy policy, OutagePolicy outage, Duration deadline) {
        return new Ages(
                Terms.of(policy, outage.decryptFor(), deadline),
                outage.encryptFor().toNanos());
    }

    /** The longest that a data key lives which a version wraps now. */
    long longestSealing() {
        return Math.max(terms.maxAge(), sealWindow);
    }

    /** Tells whether a key that may not serve again is to be wiped now. */
    boolean sweepable(Lease lease, long now) {
        return !lease.kept(now - GRACE_NANOS);
    }
}
