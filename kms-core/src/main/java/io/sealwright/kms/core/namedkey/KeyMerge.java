package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a key becomes when a backup is restored over a store that has it. No version of either is lost. A version is as the
 * backup has it, unless the store knows worse of it: what was destroyed, compromised or set to be destroyed since the
 * backup stays so, since a restore must not bring back what somebody ended on purpose; and a
 * destruction that was taken back since stays taken back.
 *
 * @param record the key as it will be, in the backup's generation
 * @param parts where each version comes from, in order
 */
record KeyMerge(KeyRecord record, List<Part> parts) {
    /**
     * One version of both.
     *
     * @param backup as the backup has it, or null
     * @param store as the store has it, or null
     */
    record Part(@Nullable VersionRecord backup, @Nullable VersionRecord store) {
        /** The version itself; its number is still the one it had. */
        private VersionRecord version() {
            if (backup == null || store == null) {
                return backup != null ? backup : java.util.Objects.requireNonNull(store);
            }
            if (store.state() == KeyState.DESTROYED || backup.state() == KeyState.DESTROYED) {
                return store.state() == KeyState.DESTROYED ? store : backup;
            }
            if (store.state() == KeyState.COMPROMISED || store.awaitsDestruction()) {
                return store;
            }
            // Taken back since the backup: its date may be over, and the key would be gone as soon as it is restored.
            return backup.awaitsDestruction() ? backup.notToBeDestroyed() : backup;
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
    static KeyMerge of(KeyRecord backup, @Nullable KeyRecord store) {
        List<Part> parts = store == null
                ? backup.versions().stream()
                        .map(version -> new Part(version, null))
                        .toList()
                : ordered(union(backup, store));
        if (parts.size() > Manifest.MOST_VERSIONS) {
            throw KeyErrors.notRestored(backup.name(), parts.size());
        }
        List<VersionRecord> versions = new ArrayList<>();
        for (Part part : parts) {
            versions.add(part.version().numbered(versions.size() + 1));
        }
        return new KeyMerge(backup.withVersions(versions), parts);
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
        byAge.sort(Comparator.comparing(part -> part.version().createdAt()));
        return byAge;
    }
}
