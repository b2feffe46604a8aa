package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a key becomes when a backup is restored over a store that has it. No version of either is lost. A version is as the
 * backup has it, unless the store knows worse of it: what was destroyed, compromised or set to be destroyed in either stays
 * so, since a restore must not bring back what somebody ended on purpose, and neither does what gave way to a later version
 * seal again. Nobody can tell a destruction that was taken back since the backup from one that the store does not know of
 * yet: it waits, for as long as it takes somebody to take it back once more.
 *
 * @param record the key as it will be, in the backup's generation
 * @param parts where each version comes from, in order
 */
record KeyMerge(KeyRecord record, List<Part> parts) {
    /** How long a destruction that only the backup knows of waits at least. */
    static final Duration LEAST_WAIT = Duration.ofDays(30);

    /**
     * One version of both.
     *
     * @param backup as the backup has it, or null
     * @param store as the store has it, or null
     */
    record Part(@Nullable VersionRecord backup, @Nullable VersionRecord store) {
        /**
         * The version itself; its number is still the one it had.
         *
         * @param latest the number of the store's newest version
         */
        private VersionRecord version(int latest, Instant now) {
            if (backup == null || store == null) {
                return backup != null ? backup : Objects.requireNonNull(store);
            }
            if (store.state() == KeyState.DESTROYED || backup.state() == KeyState.DESTROYED) {
                return store.state() == KeyState.DESTROYED ? store : backup;
            }
            VersionRecord worse = inWorseState(backup, store, latest);
            Instant at = store.awaitsDestruction() ? store.destroyAt() : backup.destroyAt();
            if (at == null) {
                return worse;
            }
            // The backup's date may be over, and the key would be gone as soon as it is restored.
            Instant least = now.plus(LEAST_WAIT);
            return worse.toBeDestroyed(store.awaitsDestruction() || at.isAfter(least) ? at : least);
        }

        private static VersionRecord inWorseState(VersionRecord backup, VersionRecord store, int latest) {
            if (store.state() == KeyState.COMPROMISED) {
                return backup.in(KeyState.COMPROMISED);
            }
            boolean gaveWay = seals(backup) && !seals(store) && store.number() < latest;
            return gaveWay ? backup.in(KeyState.DEACTIVATED) : backup;
        }

        private static boolean seals(VersionRecord version) {
            return version.state() == KeyState.ACTIVE || version.state() == KeyState.PRE_ACTIVE;
        }

        private Instant createdAt() {
            return Objects.requireNonNull(backup != null ? backup : store).createdAt();
        }

        /** The version in the backup whose material serves, if it has it. */
        Optional<VersionRecord> backupMaterial() {
            return Optional.ofNullable(backup).filter(version -> version.state() != KeyState.DESTROYED);
        }

        /** The version in the store whose material serves, if it has it. */
        Optional<VersionRecord> storeMaterial() {
            return Optional.ofNullable(store).filter(version -> version.state() != KeyState.DESTROYED);
        }
    }

    KeyMerge {
        parts = List.copyOf(parts);
    }

    /** Merges; the store's is null if it has none, or none that can be used. */
    static KeyMerge of(KeyRecord backup, @Nullable KeyRecord store, Instant now) {
        List<Part> parts = store == null
                ? backup.versions().stream()
                        .map(version -> new Part(version, null))
                        .toList()
                : ordered(union(backup, store));
        if (parts.size() > Manifest.MOST_VERSIONS) {
            throw KeyErrors.notRestored(backup.name(), parts.size());
        }
        int latest = store == null ? 0 : store.newest().number();
        List<VersionRecord> versions = new ArrayList<>();
        for (Part part : parts) {
            versions.add(part.version(latest, now).numbered(versions.size() + 1));
        }
        KeyRecord merged = backup.withVersions(versions);
        Duration every = store == null ? null : store.rotateEvery();
        return new KeyMerge(every == null ? merged : merged.withRotation(every), parts);
    }

    /**
     * The store's side of a merge where the store went back behind what this process has seen: states and dates as they were
     * seen, since a row from before must not bring back what was ended after it. A version that is not destroyed, and whose
     * material neither the backup nor the store has any more, is lost.
     *
     * @param rows what the store's rows say now, or null if there are none that can be used
     * @return empty if nothing of what was seen is left
     */
    static Optional<KeyRecord> remembered(KeyRecord seen, KeyRecord backup, @Nullable KeyRecord rows) {
        List<VersionRecord> kept = new ArrayList<>();
        for (VersionRecord version : seen.versions()) {
            if (version.state() == KeyState.DESTROYED
                    || hasMaterial(backup, version.id())
                    || hasMaterial(rows, version.id())) {
                kept.add(version.numbered(kept.size() + 1));
            }
        }
        for (VersionRecord version : rows == null ? List.<VersionRecord>of() : rows.versions()) {
            if (seen.find(version.id()).isEmpty()) {
                kept.add(version.numbered(kept.size() + 1));
            }
        }
        return kept.isEmpty() ? Optional.empty() : Optional.of(seen.withVersions(kept));
    }

    private static boolean hasMaterial(@Nullable KeyRecord key, VersionId id) {
        return key != null
                && key.find(id)
                        .filter(version -> version.state() != KeyState.DESTROYED)
                        .isPresent();
    }

    private static List<Part> union(KeyRecord backup, KeyRecord store) {
        Map<VersionId, VersionRecord> there = new HashMap<>();
        store.versions().forEach(version -> there.put(version.id(), version));
        List<Part> parts = new ArrayList<>();
        for (VersionRecord version : backup.versions()) {
            parts.add(new Part(version, there.remove(version.id())));
        }
        for (VersionRecord version : store.versions()) {
            if (there.containsKey(version.id())) {
                parts.add(new Part(null, version));
            }
        }
        return parts;
    }

    /** By number if that is one order of all, as after every restore of a store's own backup; else by age. */
    private static List<Part> ordered(List<Part> parts) {
        boolean numbered = true;
        for (int i = 0; i < parts.size(); i++) {
            VersionRecord backup = parts.get(i).backup();
            VersionRecord store = parts.get(i).store();
            numbered &= (backup == null || backup.number() == i + 1) && (store == null || store.number() == i + 1);
        }
        if (numbered) {
            return parts;
        }
        List<Part> byAge = new ArrayList<>(parts);
        byAge.sort(Comparator.comparing(Part::createdAt));
        return byAge;
    }
}
