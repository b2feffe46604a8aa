package io.sealwright.kms.core.opening;

import io.sealwright.kms.core.provider.Standing;
import org.jspecify.annotations.Nullable;

/**
 * One recipient that a configured key may open.
 *
 * @param blocks whether opening may wait for a provider
 * @param key what the root is remembered by, or null if it is not
 */
record Candidate(boolean blocks, @Nullable RootKey key, Opening open) {
    /** The work. */
    interface Opening {
        Root open(Standing standing);
    }

    Root open(Standing standing) {
        return open.open(standing);
    }
}
