package io.sealwright.kms.core.provider;

import io.sealwright.kms.core.lease.Lease;
import io.sealwright.kms.core.lease.Terms;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A master key whose bytes were fetched and are used in this process. While they cannot be fetched again, it goes on
 * wrapping and unwrapping in its own window; what it gave is not confirmed by that: otherwise the windows would add up.
 */
public interface FetchedKey {
    /** What the last look at the bytes' place failed with, if the key serves past its age for want of an answer; else null. */
    @Nullable
    UnavailableException unanswered();

    /** As {@link #unanswered()}, if that look was a moment ago; else another is to be made. */
    @Nullable
    UnavailableException unansweredJustNow();

    /** Whether a call made now needs what is held alone, so that nobody is asked; false for what asks by its nature. */
    boolean servesFromMemory(Operation operation);

    /** The definite no that ended what was held, given to the first who asks after it; else null. */
    @Nullable
    KmsException takeEnd();

    /** When the fetch began that gave what is held. */
    long confirmedAt();

    /**
     * The lease of what these keys gave when asked at {@code begun}. Its window counts from the last fetch of each; its age
     * too, if one of them serves for want of an answer.
     */
    static Lease lease(Terms terms, List<MasterKey> keys, long begun) {
        long fetchedAt = begun;
        boolean unanswered = false;
        for (MasterKey key : keys) {
            if (key instanceof FetchedKey fetched) {
                fetchedAt = Lease.earlier(fetchedAt, fetched.confirmedAt());
                unanswered |= fetched.unanswered() != null;
            }
        }
        Lease lease = new Lease(terms, unanswered ? fetchedAt : begun, fetchedAt);
        if (unanswered) {
            boolean unused = lease.unanswered(begun);
        }
        return lease;
    }
}
