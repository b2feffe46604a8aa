package io.sealwright.kms.core.provider;

import io.sealwright.kms.error.UnavailableException;
import org.jspecify.annotations.Nullable;

/**
 * A master key whose bytes were fetched and are used in this process. While they cannot be fetched again, it goes on
 * wrapping and unwrapping in its own window; what it gave is not confirmed by that: otherwise the windows would add up.
 */
public interface FetchedKey {
    /** What the last look at the bytes' place failed with, if the key serves past its age for want of an answer; else null. */
    @Nullable
    UnavailableException unanswered();
}
