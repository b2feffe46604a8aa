package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One version as its key's manifest tells it. Times are whole milliseconds.
 *
 * @param number 1 for the first
 * @param id what headers carry
 * @param state as written, or as the clock has it (see {@link KeyRecord#at})
 * @param createdAt when it was made
 * @param activeFrom when it begins to seal
 * @param destroyAt when its material will be or was erased, or null; with a date to come it neither seals nor opens
 * @param check 8 bytes derived from the material (public), so that exchanged material is noticed
 */
record VersionRecord(
        int number,
        VersionId id,
        KeyState state,
        Instant createdAt,
        Instant activeFrom,
        @Nullable Instant destroyAt,
        long check) {
    VersionRecord in(KeyState other) {
        return new VersionRecord(number, id, other, createdAt, activeFrom, destroyAt, check);
    }

    /** Whether it has a date of destruction, and its material still. */
    boolean awaitsDestruction() {
        return destroyAt != null && state != KeyState.DESTROYED;
    }

    /** With a date of destruction; it does not seal from now on, and not after a cancel either. */
    VersionRecord toBeDestroyed(Instant at) {
        KeyState waiting = state == KeyState.COMPROMISED ? state : KeyState.DEACTIVATED;
        return new VersionRecord(number, id, waiting, createdAt, activeFrom, at, check);
    }

    VersionRecord notToBeDestroyed() {
        return new VersionRecord(number, id, state, createdAt, activeFrom, null, check);
    }

    VersionRecord destroyed(Instant at) {
        return new VersionRecord(number, id, KeyState.DESTROYED, createdAt, activeFrom, at, check);
    }

    /** The same version under another number. */
    VersionRecord numbered(int other) {
        return other == number ? this : new VersionRecord(other, id, state, createdAt, activeFrom, destroyAt, check);
    }

    KeyVersion told() {
        return new KeyVersion(number, id.hex(), state, createdAt, activeFrom, destroyAt);
    }
}
