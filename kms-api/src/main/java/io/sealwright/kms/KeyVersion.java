package io.sealwright.kms;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One version of a named key, without its material.
 *
 * @param number 1 for the first, growing by one
 * @param id 32 hexadecimal digits, random, unique in every store; what a message's header carries
 * @param state its state when it was read
 * @param createdAt when it was made
 * @param activeFrom when it begins to seal
 * @param destroyAt when its material will be or was erased, or null
 */
public record KeyVersion(
        int number,
        String id,
        KeyState state,
        Instant createdAt,
        Instant activeFrom,
        @Nullable Instant destroyAt) {
    /** Checks that the parts are there. */
    public KeyVersion {
        if (number < 1) {
            throw new IllegalArgumentException("version numbers begin with 1, not " + number);
        }
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(createdAt, "createdAt");
        Objects.requireNonNull(activeFrom, "activeFrom");
    }
}
