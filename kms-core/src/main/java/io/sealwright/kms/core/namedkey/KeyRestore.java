package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.TimeSource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What one key of a backup becomes in the store, and the rows for it: those of either side, or made anew. */
final class KeyRestore {
    private final NamedKeyStore store;
    private final KnownKeys known;
    private final StoreKeys storeKeys;
    private final MasterKeys masterKeys;
    private final KeyWriter writer;
    private final TimeSource time;

    KeyRestore(
            NamedKeyStore store,
            KnownKeys known,
            StoreKeys storeKeys,
            MasterKeys masterKeys,
            KeyWriter writer,
            TimeSource time) {
        this.store = store;
        this.known = known;
        this.storeKeys = storeKeys;
        this.masterKeys = masterKeys;
        this.writer = writer;
        this.time = time;
    }

    /**
     * One key, ready to be written.
     *
     * @param stored as the backup has it
     * @param record what it becomes
     * @param there whether the store had one of that name
     * @param replaced whether that one could not be used, or was rolled back
     */
    record Ready(StoredKey stored, KeyRecord record, KeyReplacement replacement, boolean there, boolean replaced) {}

    /**
     * Makes a key ready. For workers.
     *
     * @param stored as the backup has it
     * @param source the backup's store key
     */
    Ready ready(StoredKey stored, StoreKey source) {
        String name = stored.name();
        VerifiedKey backup = VerifiedKey.check(name, stored, source);
        // Before the read: what another thread learns during it must not make this row look rolled back.
        KeyEntry.View view = known.seen(name);
        StoreKey storeKey = storeKeys.find().orElseThrow(() -> KeyErrors.noStoreKey(name));
        StoredKey there = null;
        VerifiedKey present = null;
        boolean damaged = false;
        try {
            there = store.find(name).orElse(null);
            present = there == null ? null : VerifiedKey.check(name, there, storeKey);
        } catch (StoreException e) {
            if (e.retryable()) {
                throw e;
            }
            damaged = true;
        }
        KeySpec spec = backup.record().spec();
        boolean replaced = damaged || present != null && present.record().spec() != spec;
        VerifiedKey usable = replaced ? null : present;
        // What this process has seen itself it knows, whatever the row says by now.
        KeyRecord seen = view != null && view.stored().spec() == spec && view.isAheadOf(damaged ? null : there)
                ? view.stored()
                : null;
        Instant now = time.instant();
        KeyMerge merge = KeyMerge.of(backup.record(), storeSide(backup, usable, seen, source, storeKey), now);
        KeyRecord record = merge.record().inGeneration(Eras.after(highest(stored, damaged ? null : there, view), now));
        List<StoredVersion> rows = new ArrayList<>();
        for (int i = 0; i < record.versions().size(); i++) {
            row(record, record.versions().get(i), merge.parts().get(i), backup, usable, source, storeKey)
                    .ifPresent(rows::add);
        }
        long expected = damaged ? KeyReplacement.ANY_GENERATION : there == null ? 0 : there.generation();
        byte[] sealed = storeKey.seal(record);
        return new Ready(
                stored,
                record,
                KeyWriter.replacement(record, expected, sealed, rows),
                damaged || there != null,
                replaced || seen != null && there != null);
    }

    /** The key as it is in the store, or as this process has seen it there. */
    private static @Nullable KeyRecord storeSide(
            VerifiedKey backup,
            @Nullable VerifiedKey present,
            @Nullable KeyRecord seen,
            StoreKey source,
            StoreKey storeKey) {
        KeyRecord rows = present == null ? null : present.record();
        if (seen != null) {
            return KeyMerge.remembered(seen, backup.record(), rows).orElse(null);
        }
        if (rows == null
                || !source.storeIdHex().equals(storeKey.storeIdHex())
                || rows.generation() >= backup.record().generation()) {
            return rows;
        }
        // The row is the older one of the two: its schedule does not count.
        return rows.withRotation(backup.record().rotateEvery());
    }

    private static long highest(StoredKey backup, @Nullable StoredKey there, KeyEntry.@Nullable View seen) {
        return Math.max(
                backup.generation(),
                Math.max(
                        there == null ? 0 : there.generation(),
                        seen == null ? 0 : seen.stored().generation()));
    }

    /**
     * The row of one version: the store's, if all of it opens, since it may be under master keys that the backup is older
     * than; else the backup's, under the master keys of today.
     */
    private Optional<StoredVersion> row(
            KeyRecord key,
            VersionRecord version,
            KeyMerge.Part part,
            VerifiedKey backup,
            @Nullable VerifiedKey present,
            StoreKey source,
            StoreKey storeKey) {
        if (version.state() == KeyState.DESTROYED) {
            return Optional.empty();
        }
        VersionRecord from = part.backupMaterial().orElse(null);
        // As the rows number it, which may be those of an older generation.
        VersionRecord kept = present == null
                ? null
                : part.storeMaterial()
                        .flatMap(one -> present.record().find(one.id()))
                        .filter(one -> one.state() != KeyState.DESTROYED)
                        .orElse(null);
        if (kept != null && present != null && kept.number() == version.number()) {
            StoredVersion row = Objects.requireNonNull(present.material().get(kept.number()));
            if (from == null || differs(row, backup, from) && opens(present, kept, storeKey)) {
                return Optional.of(row);
            }
        }
        if (from == null) {
            VersionRecord moving = Objects.requireNonNull(kept);
            return Optional.of(moved(key, version, Objects.requireNonNull(present), moving, storeKey));
        }
        if (from.number() == version.number() && source.storeIdHex().equals(storeKey.storeIdHex())) {
            return Optional.of(renewed(backup, from, source));
        }
        return Optional.of(moved(key, version, backup, from, source));
    }

    private static boolean differs(StoredVersion row, VerifiedKey backup, VersionRecord from) {
        StoredVersion other = Objects.requireNonNull(backup.material().get(from.number()));
        return !Arrays.equals(row.wraps(), other.wraps());
    }

    private boolean opens(VerifiedKey present, VersionRecord kept, StoreKey storeKey) {
        WrapSurvey survey = new WrapSurvey();
        survey.examine(
                KeyErrors.key(present.record().name()),
                () -> masterKeys.examine(present.stored(kept, storeKey.storeIdHex()), survey));
        return survey.examined().problems().isEmpty();
    }

    /** The backup's row as it is, or under the master keys of today if it is older than those. */
    private StoredVersion renewed(VerifiedKey backup, VersionRecord from, StoreKey source) {
        StoredVersion row = Objects.requireNonNull(backup.material().get(from.number()));
        List<Recipient> wraps;
        try {
            wraps = masterKeys.wraps() ? masterKeys.renewed(backup.stored(from, source.storeIdHex())) : null;
        } catch (NoMatchingRecipientException e) {
            return row; // nobody here can say anything of it; somebody else may
        }
        return wraps == null ? row : new StoredVersion(row.number(), row.id(), WrapList.encode(wraps));
    }

    /** A version's material wrapped anew for this store and number. */
    private StoredVersion moved(
            KeyRecord key, VersionRecord version, VerifiedKey from, VersionRecord original, StoreKey fromStore) {
        try (SecretBytes material = masterKeys.unwrapAny(from.stored(original, fromStore.storeIdHex()))) {
            return writer.row(key, version, material);
        }
    }
}
