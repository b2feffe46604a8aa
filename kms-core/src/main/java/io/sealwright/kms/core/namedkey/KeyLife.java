package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.core.namedkey.KeyChanges.Edited;
import io.sealwright.kms.core.namedkey.VersionMaker.NewVersion;
import io.sealwright.kms.spi.TimeSource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What may happen to a key between its creation and its end, and which state follows which. */
final class KeyLife {
    private final KeyChanges changes;
    private final VersionMaker maker;
    private final TimeSource time;

    KeyLife(KeyChanges changes, VersionMaker maker, TimeSource time) {
        this.changes = changes;
        this.maker = maker;
        this.time = time;
    }

    /**
     * Makes a key, or leaves one as it is.
     *
     * @param activeFrom when its first version begins to seal, or null for at once
     * @param mustBeNew whether one that is there already, of the same spec, is an error
     */
    void create(String name, KeySpec spec, @Nullable Instant activeFrom, boolean mustBeNew) {
        KeyNames.require(name);
        Instant from = activeFrom == null ? null : Manifest.roundedUp(activeFrom, "activeFrom");
        changes.change("create " + KeyErrors.key(name), name, present -> {
            if (present != null) {
                if (!mustBeNew && present.spec() == spec && !present.destroyed()) {
                    return null;
                }
                throw KeyErrors.exists(present);
            }
            maker.requireWrapping("Creating " + KeyErrors.key(name));
            Instant now = Manifest.present(time);
            NewVersion first = maker.make(name, spec, 1, from, now);
            KeyRecord made = new KeyRecord(name, spec, now, 1, List.of(first.version()));
            return new Edited(made, List.of(first.row()), List.of(), "created", 0);
        });
    }

    /** @param activeFrom when the new version begins to seal, not in the past, or null for at once */
    KeyVersion rotate(String name, @Nullable Instant activeFrom) {
        if (activeFrom != null && activeFrom.isBefore(time.instant())) {
            throw new IllegalArgumentException("activeFrom must not be in the past: " + activeFrom);
        }
        Instant from = activeFrom == null ? null : Manifest.roundedUp(activeFrom, "activeFrom");
        KeyRecord rotated = changes.change("rotate " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            maker.requireWrapping("Rotating " + KeyErrors.key(name));
            if (key.destroyed()) {
                throw KeyErrors.notRotated(name, "It was destroyed, which is final.");
            }
            int number = key.newest().number() + 1;
            if (number > Manifest.MOST_VERSIONS) {
                throw KeyErrors.notRotated(
                        name, "It has " + Manifest.MOST_VERSIONS + " versions, the most a key can have.");
            }
            Instant now = Manifest.present(time);
            NewVersion next = maker.make(name, key.spec(), number, from, now);
            return new Edited(key.withNew(next.version()).at(now), List.of(next.row()), List.of(), "rotated", number);
        });
        return rotated.newest().told();
    }

    /** @param number the version, or 0 for all */
    void deactivate(String name, int number) {
        changes.change("deactivate " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            return become(key, number, "deactivated", KeyState.DEACTIVATED, state -> switch (state) {
                case PRE_ACTIVE, ACTIVE -> KeyState.DEACTIVATED;
                case DEACTIVATED, COMPROMISED, DESTROYED -> state;
            });
        });
    }

    /** @param number the version, or 0 for all */
    void compromise(String name, int number) {
        changes.change("compromise " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            return become(
                    key,
                    number,
                    "compromised",
                    KeyState.COMPROMISED,
                    state -> state == KeyState.DESTROYED ? state : KeyState.COMPROMISED);
        });
    }

    /** @param number the version, or 0 for all */
    void destroyNow(String name, int number) {
        changes.change("destroy " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            return become(key, number, "destroyed", KeyState.DESTROYED, state -> KeyState.DESTROYED);
        });
    }

    /** Moves one version, or with number 0 all that may, to another state. */
    private @Nullable Edited become(
            KeyRecord key, int number, String change, KeyState target, UnaryOperator<KeyState> rule) {
        if (number > 0) {
            VersionRecord version = key.version(number)
                    .orElseThrow(() ->
                            KeyErrors.noVersion(key.name(), number, key.newest().number()));
            if (rule.apply(version.state()) != target) {
                throw KeyErrors.transition(key.name(), number, version.state(), target);
            }
        } else if (key.versions().stream().noneMatch(version -> rule.apply(version.state()) == target)) {
            throw KeyErrors.transition(key.name(), 0, key.state(), target);
        }
        Instant now = Manifest.present(time);
        List<Integer> erase = new ArrayList<>();
        KeyRecord next = key.each(version -> {
            KeyState state = rule.apply(version.state());
            if (number > 0 && version.number() != number || state == version.state()) {
                return version;
            }
            if (state != KeyState.DESTROYED) {
                return version.in(state);
            }
            erase.add(version.number());
            return version.destroyed(now);
        });
        return next.equals(key) ? null : new Edited(next, List.of(), erase, change, number);
    }

    private static KeyRecord existing(String name, @Nullable KeyRecord present) {
        if (present == null) {
            throw KeyErrors.notFound(name);
        }
        return present;
    }
}
