package io.sealwright.kms.spi;

import io.sealwright.kms.error.ClosedException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A store in memory; see {@link NamedKeyStore#inMemory}. It owns its arrays, copied on the way in and out, so that
 * erasing and closing can overwrite them.
 */
final class InMemoryKeyStore implements NamedKeyStore {
    private static final class Row {
        private long generation;
        private byte[] manifest = new byte[0];
        private @Nullable Instant dueAt;
        private final TreeMap<Integer, StoredVersion> versions = new TreeMap<>();
    }

    /** Where a version belongs to; stays when the version is erased. */
    private record Place(String name, int number) {}

    /** Who does a piece of work, until when by {@link System#nanoTime}. */
    private record Held(String holder, long until) {}

    // Everything below is guarded by this; nothing blocks while holding it.
    private final TreeMap<String, Row> rows = new TreeMap<>();
    private final Map<String, Place> placesById = new HashMap<>();
    private final Map<Place, String> idsByPlace = new HashMap<>();
    private final Map<String, Held> claims = new HashMap<>();
    private byte @Nullable [] storeKey;
    private long revision;
    private boolean closed;

    @Override
    public synchronized Optional<byte[]> storeKey() {
        checkOpen();
        return Optional.ofNullable(storeKey).map(byte[]::clone);
    }

    @Override
    public synchronized byte[] initialise(byte[] sealed) {
        checkSealed(sealed);
        checkOpen();
        byte[] there = storeKey;
        if (there == null) {
            there = sealed.clone();
            storeKey = there;
            revision++;
        }
        return there.clone();
    }

    @Override
    public synchronized boolean replaceStoreKey(byte[] expected, byte[] sealed) {
        checkSealed(sealed);
        checkOpen();
        byte[] there = storeKey;
        if (there == null || !MessageDigest.isEqual(there, expected)) {
            return false;
        }
        storeKey = sealed.clone();
        Arrays.fill(there, (byte) 0);
        revision++;
        return true;
    }

    @Override
    public synchronized long revision() {
        checkOpen();
        return revision;
    }

    @Override
    public synchronized List<String> names() {
        checkOpen();
        return List.copyOf(rows.keySet());
    }

    @Override
    public synchronized Optional<StoredKey> find(String name) {
        checkOpen();
        Row row = rows.get(name);
        if (row == null) {
            return Optional.empty();
        }
        List<StoredVersion> versions =
                row.versions.values().stream().map(InMemoryKeyStore::copy).toList();
        return Optional.of(new StoredKey(name, row.generation, row.manifest.clone(), versions));
    }

    @Override
    public synchronized Optional<String> nameOf(byte[] versionId) {
        checkOpen();
        return Optional.ofNullable(placesById.get(hex(versionId))).map(Place::name);
    }

    @Override
    public synchronized boolean apply(KeyChange change) {
        checkOpen();
        Row row = rows.get(change.name());
        if ((row == null ? 0 : row.generation) != change.expectedGeneration()) {
            return false;
        }
        checkIds(change);
        checkTotal(change, row);
        if (row == null) {
            row = new Row();
            rows.put(change.name(), row);
        }
        for (int number : change.erase()) {
            wipe(row.versions.remove(number));
        }
        for (StoredVersion version : change.put()) {
            Place place = new Place(change.name(), version.number());
            placesById.put(hex(version.id()), place);
            idsByPlace.put(place, hex(version.id()));
            wipe(row.versions.put(version.number(), copy(version)));
        }
        row.generation = change.newGeneration();
        row.manifest = change.manifest().clone();
        row.dueAt = change.dueAt();
        revision++;
        return true;
    }

    @Override
    public void readAll(StoreReader reader) {
        byte[] key;
        List<StoredKey> keys;
        synchronized (this) {
            checkOpen();
            key = storeKey == null ? null : storeKey.clone();
            keys = rows.keySet().stream().map(name -> find(name).orElseThrow()).toList();
        }
        if (key != null) {
            reader.storeKey(key);
        }
        keys.forEach(reader::key);
    }

    @Override
    public synchronized boolean replace(List<KeyReplacement> keys) {
        checkOpen();
        for (KeyReplacement key : keys) {
            Row row = rows.get(key.name());
            boolean expected = key.expectedGeneration() == KeyReplacement.ANY_GENERATION
                    || (row == null ? 0 : row.generation) == key.expectedGeneration();
            if (!expected) {
                return false;
            }
        }
        checkReplacements(keys);
        for (KeyReplacement key : keys) {
            Row row = rows.computeIfAbsent(key.name(), name -> new Row());
            row.versions.values().forEach(InMemoryKeyStore::wipe);
            row.versions.clear();
            placesById.values().removeIf(place -> place.name().equals(key.name()));
            idsByPlace.keySet().removeIf(place -> place.name().equals(key.name()));
            key.versions().forEach(version -> row.versions.put(version.number(), copy(version)));
            places(key).forEach((id, place) -> {
                placesById.put(id, place);
                idsByPlace.put(place, id);
            });
            row.generation = key.newGeneration();
            row.manifest = key.manifest().clone();
            row.dueAt = key.dueAt();
        }
        revision++;
        return true;
    }

    private void checkReplacements(List<KeyReplacement> keys) {
        Map<String, Place> seen = new HashMap<>();
        for (KeyReplacement key : keys) {
            checkTotal(key.name(), key.versions().stream().mapToLong(version -> version.wraps().length));
            places(key).forEach((id, place) -> {
                Place there = placesById.get(id);
                if (seen.put(id, place) != null
                        || there != null && !there.name().equals(key.name())) {
                    throw new IllegalArgumentException("version " + place.number() + " of key '" + key.name()
                            + "' has an id that does not fit: the id is another version's");
                }
            });
        }
    }

    private static Map<String, Place> places(KeyReplacement key) {
        Map<String, Place> places = new HashMap<>();
        key.versions().forEach(one -> places.put(hex(one.id()), new Place(key.name(), one.number())));
        key.erased().forEach(one -> places.put(hex(one.id()), new Place(key.name(), one.number())));
        if (places.size() < key.versions().size() + key.erased().size()) {
            throw new IllegalArgumentException("two versions of key '" + key.name() + "' have one id");
        }
        return places;
    }

    @Override
    public synchronized List<String> due(Instant now, int most) {
        checkOpen();
        record Due(String name, Instant at) {}
        List<Due> due = new ArrayList<>();
        rows.forEach((name, row) -> {
            Instant at = row.dueAt;
            if (at != null && !at.isAfter(now)) {
                due.add(new Due(name, at));
            }
        });
        return due.stream()
                .sorted(Comparator.comparing(Due::at))
                .limit(most)
                .map(Due::name)
                .toList();
    }

    @Override
    public synchronized boolean claim(WorkClaim claim) {
        checkOpen();
        long now = System.nanoTime();
        Held held = claims.get(claim.work());
        if (held != null && now - held.until() < 0 && !held.holder().equals(claim.holder())) {
            return false;
        }
        claims.put(claim.work(), new Held(claim.holder(), now + claim.lease().toNanos()));
        return true;
    }

    @Override
    public synchronized boolean release(WorkClaim claim) {
        checkOpen();
        Held held = claims.get(claim.work());
        if (held == null
                || System.nanoTime() - held.until() >= 0
                || !held.holder().equals(claim.holder())) {
            return false;
        }
        claims.remove(claim.work());
        return true;
    }

    @Override
    public String describe() {
        return "memory of this process, lost at its end";
    }

    @Override
    public synchronized void close() {
        closed = true;
        for (Row row : rows.values()) {
            row.versions.values().forEach(InMemoryKeyStore::wipe);
        }
        rows.clear();
        placesById.clear();
        idsByPlace.clear();
        claims.clear();
        if (storeKey != null) {
            Arrays.fill(storeKey, (byte) 0);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new ClosedException(
                    "The store was closed.",
                    "It is the store in memory, and what was in it is gone.",
                    "Open a new one, and close it after its last use only.");
        }
    }

    private static void checkSealed(byte[] sealed) {
        if (sealed.length < 1 || sealed.length > MAX_STORE_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "the store key's record must have 1 byte to 64 KiB, not " + sealed.length + " bytes");
        }
    }

    private void checkIds(KeyChange change) {
        Map<String, Place> seen = new HashMap<>();
        for (StoredVersion version : change.put()) {
            Place place = new Place(change.name(), version.number());
            String id = hex(version.id());
            Place holder = placesById.getOrDefault(id, seen.getOrDefault(id, place));
            seen.put(id, place);
            if (!holder.equals(place) || !idsByPlace.getOrDefault(place, id).equals(id)) {
                throw new IllegalArgumentException("version " + version.number() + " of key '" + change.name()
                        + "' has an id that does not fit: the id is another version's, or the version has another id");
            }
        }
    }

    private static void checkTotal(KeyChange change, @Nullable Row row) {
        Map<Integer, Integer> sizes = new HashMap<>();
        if (row != null) {
            row.versions.forEach((number, version) -> sizes.put(number, version.wraps().length));
        }
        change.erase().forEach(sizes::remove);
        change.put().forEach(version -> sizes.put(version.number(), version.wraps().length));
        checkTotal(change.name(), sizes.values().stream().mapToLong(Integer::longValue));
    }

    private static void checkTotal(String name, LongStream sizes) {
        long total = sizes.sum();
        if (total > StoredKey.MAX_TOTAL_WRAPS_BYTES) {
            throw new IllegalArgumentException("the wraps of key '" + name + "' would have " + total
                    + " bytes in all; at most 64 MiB are allowed");
        }
    }

    private static StoredVersion copy(StoredVersion version) {
        return new StoredVersion(
                version.number(), version.id().clone(), version.wraps().clone());
    }

    private static void wipe(@Nullable StoredVersion version) {
        if (version != null) {
            Arrays.fill(version.wraps(), (byte) 0);
        }
    }

    private static String hex(byte[] id) {
        return HexFormat.of().formatHex(id);
    }
}
