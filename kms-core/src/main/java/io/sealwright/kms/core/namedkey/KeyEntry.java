package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.TimeSource;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What this process knows of one key: the newest manifest it has verified (kept for good, so that an older one is told
 * from it), and the versions whose material it holds. Its monitor guards changes of both and is never held over I/O.
 */
final class KeyEntry {
    /** What a manifest was to this process. */
    enum News {
        /** Older than what is known already: read again. */
        STALE,
        /** Known, or without any change of versions and states. */
        NOTHING,
        /** The first of this key. */
        FIRST,
        /** Versions or states differ from those known before. */
        CHANGED
    }

    /**
     * A verified manifest.
     *
     * @param stored as written
     * @param tag its tag, which tells two manifests of one generation apart
     * @param present with the states that the clock gives
     * @param sealing number of the version that seals, or 0
     * @param nextSwitch when the clock changes a state next, or null
     */
    record View(
            KeyRecord stored,
            byte[] tag,
            KeyRecord present,
            int sealing,
            @Nullable Instant nextSwitch) {
        static View of(KeyRecord stored, byte[] tag, Instant now) {
            KeyRecord present = stored.at(now);
            return new View(stored, tag, present, present.sealing(), present.nextSwitch());
        }

        /**
         * Whether the store went back behind this manifest: the key's row is gone, of an older generation, or another one of
         * the same.
         *
         * @param row as it was read later, or null if there is none, or none that can be read
         */
        boolean isAheadOf(@Nullable StoredKey row) {
            return row == null
                    || row.generation() < stored.generation()
                    || row.generation() == stored.generation()
                            && !MessageDigest.isEqual(StoreKey.tagOf(row.manifest()), tag);
        }
    }

    private final String name;
    private final TimeSource time;
    private final Map<VersionId, HeldVersion> heldById; // the ring's, all keys together
    private final Map<Integer, HeldVersion> held = new ConcurrentHashMap<>();
    private final Map<Integer, ReentrantLock> loading = new ConcurrentHashMap<>();
    private final ReentrantLock changing = new ReentrantLock();
    private volatile @Nullable View view;
    private volatile long sealsUntil;
    private volatile boolean sealed;

    KeyEntry(String name, Map<VersionId, HeldVersion> heldById, TimeSource time) {
        this.name = name;
        this.time = time;
        this.heldById = heldById;
    }

    String name() {
        return name;
    }

    @Nullable
    View view() {
        return view;
    }

    int sealing() {
        View known = view;
        return known == null ? 0 : known.sealing();
    }

    @Nullable
    HeldVersion held(int number) {
        return held.get(number);
    }

    int heldCount() {
        return held.size();
    }

    /** Says until when data keys may live that a version of this key wrapped; its material may be gone before. */
    void sealsUntil(long end) {
        sealsUntil = end;
        sealed = true;
    }

    /** Tells whether this process may hold material of the key, or seal under a data key that it wrapped. */
    boolean inUse(long now) {
        return heldCount() > 0 || sealed && sealsUntil - now > 0;
    }

    /** One change of this key at a time in this process; others' are told by the generation. The caller unlocks. */
    ReentrantLock lockChanging() {
        return locked(changing);
    }

    /** One unwrap of a version at a time. The caller unlocks. */
    ReentrantLock lockLoading(int number) {
        return locked(loading.computeIfAbsent(number, n -> new ReentrantLock()));
    }

    private ReentrantLock locked(ReentrantLock lock) {
        try {
            lock.lockInterruptibly();
            return lock;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw KeyErrors.interrupted(KeyErrors.key(name), e);
        }
    }

    /**
     * Takes a verified manifest in.
     *
     * @throws io.sealwright.kms.error.StoreException if it has the generation of the known one, and differs from it
     */
    synchronized News absorb(KeyRecord stored, byte[] tag, Instant now) {
        View before = view;
        if (before != null) {
            long seen = before.stored().generation();
            if (stored.generation() < seen) {
                return News.STALE;
            }
            if (stored.generation() == seen && !MessageDigest.isEqual(tag, before.tag())) {
                throw KeyErrors.rolledBack(name, stored.generation(), seen);
            }
        }
        View after = View.of(stored, tag, now);
        boolean restored = before != null && Eras.differ(before.stored().generation(), stored.generation());
        if (restored) {
            wipe(); // whatever was held may be another version by now, or none
        }
        show(after);
        if (before == null) {
            return News.FIRST;
        }
        return !restored && before.present().versions().equals(after.present().versions())
                ? News.NOTHING
                : News.CHANGED;
    }

    /** Lets the clock change states. True if it did. */
    boolean tick(Instant now) {
        View known = view;
        Instant next = known == null ? null : known.nextSwitch();
        return next != null && !now.isBefore(next) && tickLocked(now);
    }

    private synchronized boolean tickLocked(Instant now) {
        View before = view;
        if (before == null) {
            return false;
        }
        View after = View.of(before.stored(), before.tag(), now);
        show(after);
        return !before.present().versions().equals(after.present().versions());
    }

    /** Puts a version's material into memory, unless it is there: then that stays, renewed. Null if it may not be. */
    synchronized @Nullable HeldVersion install(HeldVersion fresh, long begun) {
        View known = view;
        VersionRecord version =
                known == null ? null : known.present().version(fresh.number()).orElse(null);
        if (version == null
                || version.state() == KeyState.DESTROYED
                || version.awaitsDestruction()
                || !version.id().equals(fresh.versionId())) {
            return null;
        }
        HeldVersion there = held.get(fresh.number());
        if (there != null && !there.lease().ended()) {
            there.renew(fresh.source(), begun);
            return there;
        }
        if (there != null) {
            drop(there);
        }
        fresh.become(version);
        held.put(fresh.number(), fresh);
        heldById.put(fresh.versionId(), fresh);
        return fresh;
    }

    /** Wipes what is past its age and what an outage adds to it. */
    synchronized void sweep(Ages ages, long now) {
        for (HeldVersion version : List.copyOf(held.values())) {
            if (ages.sweepable(version.lease(), now)) {
                drop(version);
            }
        }
    }

    /** All versions whose material is in memory. */
    List<HeldVersion> versions() {
        return List.copyOf(held.values());
    }

    synchronized void wipe() {
        new ArrayList<>(held.values()).forEach(this::drop);
    }

    private void show(View after) {
        view = after;
        for (HeldVersion version : List.copyOf(held.values())) {
            VersionRecord present = after.present().version(version.number()).orElse(null);
            version.become(present);
            if (present == null || present.state() == KeyState.DESTROYED || present.awaitsDestruction()) {
                drop(version);
            }
        }
    }

    private void drop(HeldVersion version) {
        held.remove(version.number());
        heldById.remove(version.versionId());
        version.wipe(time.nanoTime());
    }
}
