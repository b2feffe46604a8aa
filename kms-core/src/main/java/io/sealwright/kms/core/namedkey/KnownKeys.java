package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.core.namedkey.KeyEntry.News;
import io.sealwright.kms.core.namedkey.KeyEntry.View;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.TimeSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this process knows of the store's keys, and the only way to read one: nothing comes out that was not verified, and
 * nothing older than what was seen before. Methods that read the store are for workers.
 */
final class KnownKeys {
    /** So many keys are read again within seconds, wherever the store is. */
    private static final int FEW = 64;

    private static final Logger LOG = LoggerFactory.getLogger(KnownKeys.class);

    private final NamedKeyStore store;
    private final StoreKeys storeKeys;
    private final TimeSource time;
    private final Consumer<String> changed;

    /** All keys whose manifest was verified, held or not; never shrinks, since it is what roll-backs are told by. */
    private final Map<String, KeyEntry> entries = new ConcurrentHashMap<>();

    private final Map<VersionId, String> nameById = new ConcurrentHashMap<>();
    private final Map<VersionId, HeldVersion> heldById = new ConcurrentHashMap<>();
    private volatile @Nullable Long polledRevision;

    /** @param changed told a key's name whenever its sealing version or any state changed, on whatever thread notices */
    KnownKeys(NamedKeyStore store, StoreKeys storeKeys, TimeSource time, Consumer<String> changed) {
        this.store = store;
        this.storeKeys = storeKeys;
        this.time = time;
        this.changed = changed;
    }

    // ---------------------------------------------------------------- from memory

    Collection<KeyEntry> entries() {
        return entries.values();
    }

    /** The entry of a key, made if there is none; it may stay without a manifest. */
    KeyEntry entry(String name) {
        return entries.computeIfAbsent(name, n -> new KeyEntry(n, heldById, time));
    }

    /** The newest manifest that was seen of a key, or null if none was. */
    KeyEntry.@Nullable View seen(String name) {
        KeyEntry entry = entries.get(name);
        return entry == null ? null : entry.view();
    }

    /** The entry of a key that was met before, its states as the clock has them. */
    @Nullable
    KeyEntry met(String name) {
        KeyEntry entry = entries.get(name);
        if (entry != null) {
            tick(entry);
        }
        return entry;
    }

    /** The version of this id if its material is in memory, of whatever age; its state as the clock has it. */
    @Nullable
    HeldVersion held(VersionId id) {
        HeldVersion held = heldById.get(id);
        if (held != null) {
            KeyEntry unused = met(held.keyName());
        }
        return held;
    }

    int heldCount() {
        return heldById.size();
    }

    /** The name of the key that has a version of this id, if that key was met before. */
    @Nullable
    String nameOf(VersionId id) {
        return nameById.get(id);
    }

    /** Lets the clock change the states of a key. */
    void tick(KeyEntry entry) {
        if (entry.tick(time.instant())) {
            tellChanged(entry.name());
        }
    }

    // ---------------------------------------------------------------- from the store

    /** Reads a key's rows, checks them, and takes the news in. */
    Optional<VerifiedKey> read(String name) {
        for (int attempt = 0; attempt < Attempts.MOST; attempt++) {
            // Before the read: what another thread learns during it must not make this read look rolled back.
            KeyEntry known = entries.get(name);
            View before = known == null ? null : known.view();
            StoredKey stored = store.find(name).orElse(null);
            if (stored == null) {
                if (before != null) {
                    throw KeyErrors.gone(name);
                }
                return Optional.empty();
            }
            StoreKey storeKey = storeKeys.find().orElseThrow(() -> KeyErrors.noStoreKey(name));
            VerifiedKey key = VerifiedKey.check(name, stored, storeKey);
            if (takeIn(key, stored.manifest(), before)) {
                return Optional.of(key);
            }
            Attempts.pause(name, attempt);
        }
        throw KeyErrors.conflict(name);
    }

    /** As {@link #read}, of a key that must be there. */
    VerifiedKey readExisting(String name) {
        return read(name).orElseThrow(() -> KeyErrors.notFound(name));
    }

    /** Reads every key there is, sorted by name. */
    List<VerifiedKey> readAll() {
        Map<String, View> before = new HashMap<>();
        entries.forEach((name, entry) -> {
            View view = entry.view();
            if (view != null) {
                before.put(name, view);
            }
        });
        Set<String> wanted = new TreeSet<>(store.names());
        for (String name : before.keySet()) {
            if (!wanted.contains(name)) {
                throw KeyErrors.gone(name);
            }
        }
        // Before the reading, which may hold the only connection there is.
        Optional<StoreKey> storeKey = storeKeys.find();
        List<VerifiedKey> keys = new ArrayList<>();
        if (storeKey.isPresent()) {
            store.readAll(new StoreReader() {
                @Override
                public void storeKey(byte[] sealed) {}

                @Override
                public void key(StoredKey stored) {
                    String name = stored.name();
                    if (!wanted.contains(name)) {
                        return; // made since, or shown twice
                    }
                    VerifiedKey key = VerifiedKey.check(name, stored, storeKey.get());
                    if (takeIn(key, stored.manifest(), before.get(name))) {
                        wanted.remove(name);
                        keys.add(key);
                    }
                }
            });
        }
        // What was not shown, or was changed meanwhile.
        wanted.forEach(name -> keys.add(readExisting(name)));
        keys.sort(Comparator.comparing(key -> key.record().name()));
        return keys;
    }

    /** Remembers a key unless it is older than what was known before its read; false if a newer one is known meanwhile. */
    private boolean takeIn(VerifiedKey key, byte[] sealed, @Nullable View before) {
        long generation = key.record().generation();
        if (before != null && generation < before.stored().generation()) {
            throw KeyErrors.rolledBack(
                    key.record().name(), generation, before.stored().generation());
        }
        return absorb(key.record(), sealed, false);
    }

    /**
     * Reads the keys in use again if anything changed in the store since the last look.
     *
     * @param beforeReading run when something has changed, before any key is read
     * @throws KmsException if the store or one of the keys could not be read; the next look reads them again
     */
    void readChanges(Runnable beforeReading) {
        long revision = store.revision();
        Long polled = polledRevision;
        if (polled != null && polled == revision) {
            return;
        }
        beforeReading.run();
        KmsException failure = null;
        for (String name : perhapsChanged()) {
            try {
                VerifiedKey unused = readExisting(name);
            } catch (KmsException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure; // and look again next time: the revision is not taken as seen
        }
        polledRevision = revision;
    }

    /** Of few keys in use all, which also shows what somebody edited; of many those that are of another generation. */
    private Collection<String> perhapsChanged() {
        Map<String, Long> used = new HashMap<>();
        for (KeyEntry entry : entries.values()) {
            if (entry.inUse(time.nanoTime())) {
                View view = entry.view();
                used.put(entry.name(), view == null ? 0L : view.stored().generation());
            }
        }
        return used.size() <= FEW ? used.keySet() : store.differing(used);
    }

    /**
     * Remembers a verified manifest.
     *
     * @param sealed the manifest's bytes with their tag
     * @param ours whether this process wrote it
     * @return false if a newer one is known meanwhile
     */
    boolean absorb(KeyRecord key, byte[] sealed, boolean ours) {
        KeyEntry entry = entry(key.name());
        News news = entry.absorb(key, StoreKey.tagOf(sealed), time.instant());
        if (news == News.STALE) {
            return false;
        }
        if (news != News.NOTHING) {
            key.versions().forEach(version -> nameById.put(version.id(), key.name()));
        }
        if (news == News.CHANGED || ours) {
            tellChanged(key.name());
        }
        return true;
    }

    private void tellChanged(String name) {
        try {
            changed.accept(name);
        } catch (RuntimeException e) {
            LOG.warn("What listens to changes of named keys failed on {}", name, e);
        }
    }
}
