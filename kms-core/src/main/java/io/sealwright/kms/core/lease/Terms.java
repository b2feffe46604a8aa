package io.sealwright.kms.core.lease;

import io.sealwright.kms.DataKeyPolicy;
import java.time.Duration;

/**
 * What leases of one kind have in common; all in nanoseconds.
 *
 * @param refreshAfter when a check in the background is due
 * @param maxAge how long an entry serves without one
 * @param window how long, at most, since the last success, if checks find no answer; at least {@code maxAge}
 * @param recent how long one check that found no answer is worth
 */
public record Terms(long refreshAfter, long maxAge, long window, long recent) {
    /**
     * Makes them of the settings.
     *
     * @param deadline of a provider's call: a check that finds no answer takes that long, and the next begins a moment
     *     later, so that while one follows another nobody waits
     */
    public static Terms of(DataKeyPolicy policy, Duration outage, Duration deadline) {
        long maxAge = policy.maxAge().toNanos();
        return new Terms(
                policy.refreshAfter().toNanos(),
                maxAge,
                Math.max(maxAge, outage.toNanos()),
                deadline.plus(Lease.PAUSE).plus(Lease.PAUSE).toNanos());
    }
}
