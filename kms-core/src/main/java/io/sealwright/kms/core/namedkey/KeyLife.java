package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.core.namedkey.KeyChanges.Edited;
import io.sealwright.kms.core.namedkey.VersionMaker.NewVersion;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What may happen to a key between its creation and its end, and which state follows which. */
final class KeyLife {
    private static final Duration SHORTEST_WAIT = Duration.ofDays(1);
    private static final Duration LONGEST_WAIT = Duration.ofDays(365);

    private final KeyChanges changes;
    private final VersionMaker maker;
    private final TimeSource time;
    private final Duration activateAfter;

    /** @param activateAfter how long a new version only opens, unless its rotation names a time */
    KeyLife(KeyChanges changes, VersionMaker maker, TimeSource time, Duration activateAfter) {
        this.changes = changes;
        this.maker = maker;
        this.time = time;
        this.activateAfter = activateAfter;
    }

    /**
     * Makes a key, or leaves one as it is.
     *
     * @param mustBeNew whether one that is there already, of the same spec, is an error
     */
    void create(String name, KeySpec spec, KeyOptions options, boolean mustBeNew) {
        KeyNames.require(name);
        Instant activeFrom = options.activeFrom();
        Instant from = activeFrom == null ? null : Manifest.roundedUp(activeFrom, "activeFrom");
        Duration every = options.rotateEvery();
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
            KeyRecord made = new KeyRecord(name, spec, now, wholeMillis(every), 1, List.of(first.version()));
            return new Edited(made, List.of(first.row()), List.of(), "created", 0);
        });
    }

    /** @param activeFrom when the new version begins to seal, not in the past, or null for as soon as the settings say */
    KeyVersion rotate(String name, @Nullable Instant activeFrom) {
        if (activeFrom != null && activeFrom.isBefore(time.instant())) {
            throw new IllegalArgumentException("activeFrom must not be in the past: " + activeFrom);
        }
        return changes.change(
                        "rotate " + KeyErrors.key(name), name, present -> rotated(existing(name, present), activeFrom))
                .key()
                .newest()
                .told();
    }

    private Edited rotated(KeyRecord key, @Nullable Instant activeFrom) {
        String name = key.name();
        maker.requireWrapping("Rotating " + KeyErrors.key(name));
        if (key.destroyed()) {
            throw KeyErrors.notRotated(name, "It was destroyed, which is final.");
        }
        if (key.destroyAt() != null) {
            throw KeyErrors.notRotated(
                    name,
                    "It is to be destroyed at " + key.destroyAt() + ".",
                    "Take that back first, with: kms key cancel-destroy " + name);
        }
        int number = key.newest().number() + 1;
        if (number > Manifest.MOST_VERSIONS) {
            throw KeyErrors.notRotated(
                    name, "It has " + Manifest.MOST_VERSIONS + " versions, the most a key can have.");
        }
        Instant now = Manifest.present(time);
        Instant from = activeFrom == null ? now.plus(activateAfter) : activeFrom;
        NewVersion next = maker.make(name, key.spec(), number, Manifest.roundedUp(from, "activeFrom"), now);
        return new Edited(key.withNew(next.version()).at(now), List.of(next.row()), List.of(), "rotated", number);
    }

    /** @param period how often from now on, or null for never */
    void rotateEvery(String name, @Nullable Duration period) {
        Duration every = wholeMillis(period == null ? null : KeyOptions.demandPeriod(period));
        changes.change("change the schedule of " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            if (key.destroyed()) {
                throw KeyErrors.notRotated(name, "It was destroyed, which is final.");
            }
            return Objects.equals(key.rotateEvery(), every)
                    ? null
                    : new Edited(key.withRotation(every), List.of(), List.of(), "schedule-changed", 0);
        });
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

    /**
     * Lets versions be destroyed later.
     *
     * @param number the version, or 0 for all that have no date yet
     */
    void destroyAfter(String name, int number, Duration wait) {
        if (wait.compareTo(SHORTEST_WAIT) < 0 || wait.compareTo(LONGEST_WAIT) > 0) {
            throw new IllegalArgumentException("a destruction waits 1 to 365 days, not " + wait);
        }
        changes.change("schedule the destruction of " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            Instant at = Manifest.roundedUp(time.instant().plus(wait), "the date of destruction");
            KeyRecord next = eachOf(
                    key,
                    number,
                    version -> version.state() == KeyState.DESTROYED || version.awaitsDestruction()
                            ? version
                            : version.toBeDestroyed(at));
            if (next.equals(key)) {
                VersionRecord first = key.version(number).orElse(key.newest());
                Instant date = number > 0 ? first.destroyAt() : key.destroyAt();
                throw date == null || (number > 0 ? !first.awaitsDestruction() : key.destroyed())
                        ? KeyErrors.transition(name, number, KeyState.DESTROYED, KeyState.DESTROYED)
                        : KeyErrors.awaitsAlready(name, number, date);
            }
            return new Edited(next, List.of(), List.of(), "destruction-scheduled", number);
        });
    }

    /** @param number the version, or 0 for all whose destruction waits */
    void cancelDestroy(String name, int number) {
        changes.change("take back the destruction of " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            KeyRecord next =
                    eachOf(key, number, version -> version.awaitsDestruction() ? version.notToBeDestroyed() : version);
            if (next.equals(key)) {
                throw KeyErrors.awaitsNothing(name, number);
            }
            return new Edited(next, List.of(), List.of(), "destruction-cancelled", number);
        });
    }

    // ---------------------------------------------------------------- due work

    /** Whether anything is due that this process can do. */
    boolean due(KeyRecord key, Instant now) {
        return destroyedWhenDue(key, now) != null || maker.wraps() && rotationDue(key, now);
    }

    /** Whether a destruction became due after the one time and is due at the other. */
    static boolean destructionDue(KeyRecord key, Instant after, Instant now) {
        return key.versions().stream()
                .anyMatch(version -> destructionDue(version, now) && !destructionDue(version, after));
    }

    private static boolean destructionDue(VersionRecord version, Instant now) {
        Instant at = version.destroyAt();
        return version.awaitsDestruction() && at != null && !at.isAfter(now);
    }

    /**
     * Does what is due for a key, each piece once however many processes try.
     *
     * @param eraseUntil what is to be destroyed by then is
     * @return how many changes were made
     */
    int doDue(String name, Instant eraseUntil) {
        int made = 0;
        while (changes.change(
                        "destroy " + KeyErrors.key(name),
                        name,
                        present -> destroyedWhenDue(existing(name, present), eraseUntil))
                .changed()) {
            made++;
        }
        // Looked at again within the change: another process may have rotated it since.
        if (maker.wraps()
                && changes.change("rotate " + KeyErrors.key(name) + " by schedule", name, present -> {
                            KeyRecord key = existing(name, present);
                            return rotationDue(key, time.instant()) ? rotated(key, null) : null;
                        })
                        .changed()) {
            made++;
        }
        return made;
    }

    private static boolean rotationDue(KeyRecord key, Instant now) {
        Instant next = key.nextRotationAt();
        return next != null && !next.isAfter(now);
    }

    /** The whole key if its last version is due, else the first version that is; null if none is. */
    private @Nullable Edited destroyedWhenDue(KeyRecord key, Instant now) {
        List<VersionRecord> due = key.versions().stream()
                .filter(version -> destructionDue(version, now))
                .toList();
        if (due.isEmpty()) {
            return null;
        }
        Instant last = key.destroyAt();
        boolean whole = last != null && !last.isAfter(now);
        int number = whole ? 0 : due.get(0).number();
        Instant at = Manifest.present(time);
        KeyRecord next = eachOf(key, number, version -> version.awaitsDestruction() ? version.destroyed(at) : version);
        List<Integer> erase = whole ? due.stream().map(VersionRecord::number).toList() : List.of(number);
        return new Edited(next, List.of(), erase, "destroyed", number);
    }

    // ---------------------------------------------------------------- helpers

    /** Changes one version, which must be there, or with number 0 all. */
    private static KeyRecord eachOf(KeyRecord key, int number, UnaryOperator<VersionRecord> change) {
        if (number > 0 && key.version(number).isEmpty()) {
            throw KeyErrors.noVersion(key.name(), number, key.newest().number());
        }
        return key.each(version -> number > 0 && version.number() != number ? version : change.apply(version));
    }

    private static @Nullable Duration wholeMillis(@Nullable Duration period) {
        return period == null ? null : Duration.ofMillis(period.toMillis());
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
        KeyRecord next = eachOf(key, number, version -> {
            KeyState state = rule.apply(version.state());
            if (state == version.state()) {
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
