package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a manifest says of one key. No secret in it.
 *
 * @param name the key's name
 * @param spec what it is made of
 * @param createdAt when it was made, in whole milliseconds
 * @param rotateEvery how often it is rotated by itself, in whole milliseconds, or null
 * @param generation grows with every write
 * @param versions numbered 1, 2, …; tombstones included, never empty
 */
record KeyRecord(
        String name,
        KeySpec spec,
        Instant createdAt,
        @Nullable Duration rotateEvery,
        long generation,
        List<VersionRecord> versions) {
    KeyRecord {
        versions = List.copyOf(versions);
    }

    /** A key that has nothing but its first version yet. */
    static KeyRecord fresh(String name, KeySpec spec, Instant createdAt, VersionRecord first) {
        return new KeyRecord(name, spec, createdAt, null, 1, List.of(first));
    }

    /**
     * The states as the clock has them: a version whose date has come is active, and whatever came before the newest
     * active one is deactivated. Every process computes the same without a write; the next write makes it durable.
     */
    KeyRecord at(Instant now) {
        List<VersionRecord> present = new ArrayList<>(versions);
        boolean superseded = false;
        boolean same = true;
        for (int i = present.size() - 1; i >= 0; i--) {
            VersionRecord version = present.get(i);
            KeyState state = version.state();
            if (state == KeyState.PRE_ACTIVE && !version.activeFrom().isAfter(now)) {
                state = KeyState.ACTIVE;
            }
            if (superseded && (state == KeyState.ACTIVE || state == KeyState.PRE_ACTIVE)) {
                state = KeyState.DEACTIVATED;
            }
            superseded |= state == KeyState.ACTIVE;
            if (state != version.state()) {
                present.set(i, version.in(state));
                same = false;
            }
        }
        return same ? this : withVersions(present);
    }

    /** When the clock will change a state next, or null. */
    @Nullable
    Instant nextSwitch() {
        Instant next = null;
        for (VersionRecord version : versions) {
            if (version.state() == KeyState.PRE_ACTIVE
                    && (next == null || version.activeFrom().isBefore(next))) {
                next = version.activeFrom();
            }
        }
        return next;
    }

    /** The number of the version that seals, or 0. For a record as the clock has it. */
    int sealing() {
        for (int i = versions.size() - 1; i >= 0; i--) {
            if (versions.get(i).state() == KeyState.ACTIVE) {
                return versions.get(i).number();
            }
        }
        return 0;
    }

    VersionRecord newest() {
        return versions.get(versions.size() - 1);
    }

    /** The newest version's state, or destroyed if all are. */
    KeyState state() {
        return newest().state();
    }

    boolean destroyed() {
        return versions.stream().allMatch(version -> version.state() == KeyState.DESTROYED);
    }

    Optional<VersionRecord> version(int number) {
        return number < 1 || number > versions.size() ? Optional.empty() : Optional.of(versions.get(number - 1));
    }

    Optional<VersionRecord> find(VersionId id) {
        return versions.stream().filter(version -> version.id().equals(id)).findFirst();
    }

    /** When it is to be rotated by itself, or null; the same before and after the clock changed states. */
    @Nullable
    Instant nextRotationAt() {
        if (rotateEvery == null) {
            return null;
        }
        for (int i = versions.size() - 1; i >= 0; i--) {
            VersionRecord version = versions.get(i);
            if (version.state() == KeyState.ACTIVE || version.state() == KeyState.PRE_ACTIVE) {
                return version.activeFrom().plus(rotateEvery);
            }
        }
        return null; // whoever ended all sealing does not want it to begin again by itself
    }

    /** When the last version will be or was erased, or null if one is to stay. */
    @Nullable
    Instant destroyAt() {
        Instant last = null;
        for (VersionRecord version : versions) {
            Instant at = version.destroyAt();
            if (at == null) {
                return null;
            }
            last = last == null || at.isAfter(last) ? at : last;
        }
        return last;
    }

    /** When something is to be done for the key by itself, or null; what stores find due keys by. */
    @Nullable
    Instant dueAt() {
        Instant due = nextRotationAt();
        for (VersionRecord version : versions) {
            Instant at = version.destroyAt();
            if (version.awaitsDestruction() && at != null && (due == null || at.isBefore(due))) {
                due = at;
            }
        }
        return due;
    }

    KeyRecord withRotation(@Nullable Duration every) {
        return new KeyRecord(name, spec, createdAt, every, generation, versions);
    }

    KeyRecord withVersions(List<VersionRecord> others) {
        return new KeyRecord(name, spec, createdAt, rotateEvery, generation, others);
    }

    KeyRecord withNew(VersionRecord version) {
        List<VersionRecord> more = new ArrayList<>(versions);
        more.add(version);
        return withVersions(more);
    }

    KeyRecord each(UnaryOperator<VersionRecord> change) {
        return withVersions(versions.stream().map(change).toList());
    }

    /** The same under another name. */
    KeyRecord named(String other) {
        return new KeyRecord(other, spec, createdAt, rotateEvery, generation, versions);
    }

    KeyRecord inGeneration(long other) {
        return new KeyRecord(name, spec, createdAt, rotateEvery, other, versions);
    }
}
