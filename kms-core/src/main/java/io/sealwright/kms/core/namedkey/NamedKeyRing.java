package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.NamedKeys;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.namedkey.KeyEntry.News;
import io.sealwright.kms.core.namedkey.KeyEntry.View;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The named keys of one store, as one process sees them. Safe for concurrent use.
 *
 * <p><b>What is promised.</b> Nothing that the store says is taken on trust. State, dates and list of versions of a key
 * are one manifest, authenticated under the store's own key; its generation must be the row's; there must be exactly one
 * row of material for every version that is not destroyed, under its own id; material is bound to store, name, version,
 * id and spec by its wraps, and must fit the manifest's key check. So a row that was edited, moved to another name,
 * exchanged, added or hidden is refused with {@code KMS_STORE_CORRUPT}, and so is one of a generation below the highest
 * that this process has seen of the key, a second manifest of the same generation, and a key that is gone altogether.
 *
 * <p><b>What is not noticed.</b> A roll-back of the whole store, or of one key with its material, to an older state
 * <em>while no process runs</em>: the next process has nothing to compare it with. The same holds for keys that a
 * process has not met yet, for a key that is withheld from it altogether, for changes that are withheld from one that
 * knows no newer ones, and for older wraps of the same material. Nor is a whole other store noticed that the same master
 * keys made, when it is put there before the process first looks. A store that reads from lagging replicas looks
 * rolled back.
 *
 * <p><b>Memory.</b> Material is used until {@code maxAge} after its last successful unwrap; from {@code refreshAfter}
 * on a use starts another one in the background. When that fails for long enough, calls fail with what the store or the
 * master key failed with. However many threads wait for one key, one load serves them. The store's own key is kept the
 * same way, so states change without a call to a provider while it is in memory.
 *
 * <p><b>Threads.</b> Whatever may block runs on {@link ProviderCalls}' workers under its deadline. A change that ran
 * into the deadline may have been made all the same: look before repeating it.
 */
public final class NamedKeyRing implements NamedKeys, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NamedKeyRing.class);

    /** How often a change is tried when others change the same key at the same moment. */
    static final int MOST_ATTEMPTS = 20;

    private final NamedKeyStore store;
    private final MasterKeys masterKeys;
    private final StoreKeys storeKeys;
    private final ProviderCalls calls;
    private final Events events;
    private final TimeSource time;
    private final Ages ages;
    private final Consumer<String> changed;
    private final UnknownIds unknownIds;
    private final CloneSafeRandom random = new CloneSafeRandom();

    /** All keys whose manifest was verified, held or not; never shrinks, since it is what roll-backs are told by. */
    private final Map<String, KeyEntry> entries = new ConcurrentHashMap<>();

    private final Map<VersionId, String> nameById = new ConcurrentHashMap<>();
    private final Map<VersionId, HeldVersion> heldById = new ConcurrentHashMap<>();
    private final Map<Object, CompletableFuture<Optional<HeldVersion>>> flights = new ConcurrentHashMap<>();
    private volatile boolean closed;
    private volatile @Nullable Long polledRevision;
    private volatile boolean pollFailed;

    /** A verified manifest with the rows of its versions. */
    private record Row(KeyRecord record, Map<Integer, StoredVersion> material) {}

    /** What a load is for: the sealing version of an encryption or a MAC key. */
    private record Need(String name, boolean mac) {}

    /** What becomes of a key. */
    private record Edited(KeyRecord next, List<StoredVersion> put, List<Integer> erase, String change, int version) {}

    /** Decides on a change, given the key as the clock has it, or null if there is none; null leaves it as it is. */
    @FunctionalInterface
    private interface Edit {
        @Nullable
        Edited of(@Nullable KeyRecord present);
    }

    /**
     * Makes a ring; reads nothing yet.
     *
     * @param store stays the caller's to close
     * @param wrapping all of them wrap new material; empty for a manager that only opens
     * @param opening all that may unwrap, in order of preference; should hold the wrapping ones
     * @param refreshAfter at most {@code maxAge}
     * @param changed told a key's name whenever its sealing version or any state changed, on whatever thread notices
     */
    public NamedKeyRing(
            NamedKeyStore store,
            List<MasterKey> wrapping,
            List<MasterKey> opening,
            ProviderCalls calls,
            Events events,
            TimeSource time,
            Duration maxAge,
            Duration refreshAfter,
            Consumer<String> changed) {
        this.store = store;
        this.calls = calls;
        this.events = events;
        this.time = time;
        this.ages = new Ages(maxAge, refreshAfter);
        this.changed = changed;
        this.masterKeys = new MasterKeys(wrapping, opening, calls, time);
        this.storeKeys = new StoreKeys(store, masterKeys, calls, time, ages);
        this.unknownIds = new UnknownIds(time);
    }

    // ---------------------------------------------------------------- for the engine

    /**
     * The version of an encryption key that seals now.
     *
     * @throws io.sealwright.kms.error.KeyNotFoundException if there is no such key
     * @throws io.sealwright.kms.error.RefusedException if it is no encryption key, or none of its versions is active
     * @throws KmsException what store or master keys failed with, if it is not in memory
     */
    public HeldVersion sealing(String name) {
        HeldVersion version = sealing(name, false);
        entry(name).sealsUntil(ages.expiry(time.nanoTime()) + Ages.PAUSE_NANOS);
        return version;
    }

    /** The version of an encryption key that seals now, if it is in memory and young. No I/O; may start a refresh. */
    public Optional<HeldVersion> sealingIfHeld(String name) {
        checkOpen();
        return Optional.ofNullable(youngSealing(name))
                .filter(held -> !held.spec().mac());
    }

    /**
     * The version of an encryption key that has this id: from memory, else by one fresh read of the store.
     *
     * @param id any bytes, since they come from messages; only 16 can name a version
     * @return empty if there is no such version
     * @throws io.sealwright.kms.error.RefusedException if the version was destroyed
     * @throws io.sealwright.kms.error.OverloadedException if it is not in memory, and too many ids that do not exist
     *     were asked for lately: whether there is such a version was not looked up
     * @throws KmsException what store or master keys failed with
     */
    public Optional<HeldVersion> byId(byte[] id) {
        checkOpen();
        return id.length == VersionId.BYTES ? byId(VersionId.of(id), false) : Optional.empty();
    }

    /**
     * The version of an encryption key that has this id, if it is in memory and young. No I/O; may start a refresh.
     *
     * @param id any bytes, since they come from messages; only 16 can name a version
     */
    public Optional<HeldVersion> held(byte[] id) {
        checkOpen();
        return id.length == VersionId.BYTES
                ? Optional.ofNullable(young(VersionId.of(id)))
                        .filter(version -> !version.spec().mac())
                : Optional.empty();
    }

    /**
     * Sees what other processes changed, and what the clock did; wipes what is past its age. To be called about once a
     * second, by one thread at a time. Does not throw for a store that does not answer, or is damaged.
     */
    public void poll() {
        if (closed) {
            return;
        }
        storeKeys.sweep();
        for (KeyEntry entry : entries.values()) {
            entry.sweep(ages, time.nanoTime());
            tick(entry);
        }
        try {
            calls.call("look for changes in the store", this::readChanges);
            pollFailed = false;
        } catch (CallInterruptedException | ClosedException e) {
            LOG.debug("The look for changes was ended: the manager is closing", e);
        } catch (KmsException e) {
            if (!pollFailed && !closed) {
                LOG.warn(
                        "Looking for changes in the store of named keys failed; keys in memory serve until they expire",
                        e);
            }
            pollFailed = true;
        }
    }

    /** Throws unless the store's own key, if there is one, opens with the master keys here. Blocks; makes nothing. */
    public void demandOpens() {
        checkOpen();
        storeKeys.find();
    }

    /** How many versions have their material in memory. */
    public int held() {
        return heldById.size();
    }

    /** Wipes all that is held. Store and master keys are not closed. */
    @Override
    public void close() {
        closed = true;
        storeKeys.close();
        entries.values().forEach(KeyEntry::wipe);
    }

    // ---------------------------------------------------------------- NamedKeys

    @Override
    public NamedKey create(String name, KeySpec spec) {
        return create(name, spec, null, true);
    }

    @Override
    public NamedKey create(String name, KeySpec spec, Instant activeFrom) {
        return create(name, spec, Objects.requireNonNull(activeFrom, "activeFrom"), true);
    }

    @Override
    public NamedKey createIfAbsent(String name, KeySpec spec) {
        return create(name, spec, null, false);
    }

    @Override
    public NamedKey get(String name) {
        return new ManagedKey(this, name, present(name).spec());
    }

    @Override
    public List<NamedKey> list() {
        checkOpen();
        return calls.call("list the named keys", () -> {
            Set<String> missing = new HashSet<>();
            entries.forEach((name, entry) -> {
                if (entry.view() != null) {
                    missing.add(name);
                }
            });
            List<NamedKey> keys = new ArrayList<>();
            for (String name : store.names()) {
                Row row = readExisting(name);
                keys.add(new ManagedKey(this, name, row.record().spec()));
                missing.remove(name);
            }
            if (!missing.isEmpty()) {
                throw gone(missing.iterator().next());
            }
            return List.copyOf(keys);
        });
    }

    private NamedKey create(String name, KeySpec spec, @Nullable Instant activeFrom, boolean mustBeNew) {
        KeyNames.require(name);
        Objects.requireNonNull(spec, "spec");
        Instant from = activeFrom == null ? null : wholeMillis(activeFrom);
        change("create " + KeyErrors.key(name), name, present -> {
            if (present != null) {
                if (!mustBeNew && present.spec() == spec && !present.destroyed()) {
                    return null;
                }
                throw KeyErrors.exists(present);
            }
            requireWrapping("Creating " + KeyErrors.key(name));
            Instant now = now();
            NewVersion first = newVersion(name, spec, 1, from, now);
            KeyRecord made = new KeyRecord(name, spec, now, 1, List.of(first.version()));
            return new Edited(made, List.of(first.row()), List.of(), "created", 0);
        });
        return new ManagedKey(this, name, spec);
    }

    // ---------------------------------------------------------------- for ManagedKey

    /** The key as it is in the store at this moment. */
    KeyRecord present(String name) {
        checkOpen();
        if (!KeyNames.valid(name)) {
            throw KeyErrors.noSuchName();
        }
        return calls.call(
                "read " + KeyErrors.key(name), () -> readExisting(name).record().at(time.instant()));
    }

    String masterKeyOf(String name) {
        checkOpen();
        return calls.call("read " + KeyErrors.key(name), () -> {
            Row row = readExisting(name);
            return row.material().keySet().stream()
                    .max(Integer::compare)
                    .map(newest -> masterKeys.uriOf(wraps(row, newest)))
                    .orElse("");
        });
    }

    KeyVersion rotate(String name, @Nullable Instant activeFrom) {
        if (activeFrom != null && activeFrom.isBefore(time.instant())) {
            throw new IllegalArgumentException("activeFrom must not be in the past: " + activeFrom);
        }
        Instant from = activeFrom == null ? null : wholeMillis(activeFrom);
        KeyRecord rotated = change("rotate " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            requireWrapping("Rotating " + KeyErrors.key(name));
            if (key.destroyed()) {
                throw KeyErrors.state(
                        "The " + KeyErrors.key(name) + " cannot be rotated.",
                        "It was destroyed, which is final.",
                        "Create a key of another name.");
            }
            int number = key.newest().number() + 1;
            if (number > Manifest.MOST_VERSIONS) {
                throw KeyErrors.state(
                        "The " + KeyErrors.key(name) + " cannot be rotated.",
                        "It has " + Manifest.MOST_VERSIONS + " versions, the most a key can have.",
                        "Create a key of another name.");
            }
            Instant now = now();
            NewVersion next = newVersion(name, key.spec(), number, from, now);
            return new Edited(key.withNew(next.version()).at(now), List.of(next.row()), List.of(), "rotated", number);
        });
        return rotated.newest().told();
    }

    void deactivate(String name, int number) {
        change("deactivate " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            return become(key, number, "deactivated", KeyState.DEACTIVATED, state -> switch (state) {
                case PRE_ACTIVE, ACTIVE -> KeyState.DEACTIVATED;
                case DEACTIVATED, COMPROMISED, DESTROYED -> state;
            });
        });
    }

    void compromise(String name, int number) {
        change("compromise " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            return become(
                    key,
                    number,
                    "compromised",
                    KeyState.COMPROMISED,
                    state -> state == KeyState.DESTROYED ? state : KeyState.COMPROMISED);
        });
    }

    void destroyNow(String name, int number) {
        change("destroy " + KeyErrors.key(name), name, present -> {
            KeyRecord key = existing(name, present);
            return become(key, number, "destroyed", KeyState.DESTROYED, state -> KeyState.DESTROYED);
        });
    }

    byte[] mac(String name, byte[] data) {
        HeldVersion version = sealing(name, true);
        byte[] tag = version.mac(data);
        byte[] mac = Arrays.copyOf(version.id(), VersionId.BYTES + tag.length);
        System.arraycopy(tag, 0, mac, VersionId.BYTES, tag.length);
        return mac;
    }

    byte[] rawMac(String name, byte[] data) {
        return sealing(name, true).mac(data);
    }

    boolean verifyMac(String name, KeySpec spec, byte[] data, byte[] mac) {
        checkOpen();
        if (!spec.mac()) {
            throw KeyErrors.wrongSpec(name, spec);
        }
        if (mac.length <= VersionId.BYTES) {
            return false;
        }
        HeldVersion version =
                byId(VersionId.of(Arrays.copyOf(mac, VersionId.BYTES)), true).orElse(null);
        if (version == null || !version.keyName().equals(name)) {
            return false;
        }
        if (version.state() == KeyState.COMPROMISED) {
            throw KeyErrors.compromisedMac(name, version.number());
        }
        byte[] expected = version.mac(data);
        return MessageDigest.isEqual(expected, Arrays.copyOfRange(mac, VersionId.BYTES, mac.length));
    }

    // ---------------------------------------------------------------- material in memory

    private HeldVersion sealing(String name, boolean mac) {
        checkOpen();
        HeldVersion young = youngSealing(name);
        if (young != null && young.spec().mac() == mac) {
            return young;
        }
        if (!KeyNames.valid(name)) {
            throw KeyErrors.noSuchName();
        }
        return fly(new Need(name, mac), "load " + KeyErrors.key(name), () -> Optional.of(loadSealing(name, mac)))
                .orElseThrow();
    }

    private HeldVersion loadSealing(String name, boolean mac) {
        Row row = readExisting(name);
        KeyRecord present = row.record().at(time.instant());
        if (present.spec().mac() != mac) {
            throw KeyErrors.wrongSpec(name, present.spec());
        }
        int number = present.sealing();
        if (number == 0) {
            throw KeyErrors.doesNotSeal(present);
        }
        return load(row, number, false);
    }

    private Optional<HeldVersion> byId(VersionId id, boolean mac) {
        HeldVersion held = young(id);
        if (held == null && unknownIds.missedLately(id)) {
            return Optional.empty();
        }
        if (held == null) {
            held = fly(id, "load the key version of id " + id.hex(), () -> loadById(id, mac))
                    .orElse(null);
        }
        return Optional.ofNullable(held).filter(version -> version.spec().mac() == mac);
    }

    private @Nullable HeldVersion young(VersionId id) {
        HeldVersion held = heldById.get(id);
        long now = time.nanoTime();
        if (held == null || !held.youngAt(now)) {
            return null;
        }
        KeyEntry entry = entries.get(held.keyName());
        if (entry != null) {
            tick(entry);
        }
        refreshIfDue(held, now);
        return held;
    }

    private Optional<HeldVersion> loadById(VersionId id, boolean mac) {
        String name = nameById.get(id);
        if (name == null) {
            if (!unknownIds.mayLook()) {
                throw KeyErrors.tooManyUnknown();
            }
            name = store.nameOf(id.bytes()).orElse(null);
            if (name == null) {
                unknownIds.missed(id);
                return Optional.empty();
            }
            unknownIds.found();
            if (!KeyNames.valid(name)) {
                throw KeyErrors.corrupt("key version " + id.hex(), "Its row stands under a name that no key can have.");
            }
        }
        Row row = readExisting(name);
        String found = name;
        VersionRecord version = row.record()
                .find(id)
                .orElseThrow(() -> KeyErrors.corrupt(
                        KeyErrors.key(found), "A version stands under its name that its manifest does not have."));
        if (row.record().spec().mac() != mac) {
            return Optional.empty();
        }
        return Optional.of(load(row, version.number(), false));
    }

    /** One flight at a time for one need: whoever comes meanwhile waits for it, each with an interrupt of his own. */
    private Optional<HeldVersion> fly(Object need, String what, Supplier<Optional<HeldVersion>> load) {
        CompletableFuture<Optional<HeldVersion>> mine = new CompletableFuture<>();
        CompletableFuture<Optional<HeldVersion>> first = flights.putIfAbsent(need, mine);
        if (first != null) {
            return calls.await(what, first);
        }
        try {
            CompletableFuture<?> unused = calls.submit(what, load, late -> {}).whenComplete((loaded, failure) -> {
                flights.remove(need, mine);
                if (failure == null) {
                    mine.complete(loaded);
                } else {
                    mine.completeExceptionally(failure);
                }
            });
        } catch (RuntimeException e) {
            flights.remove(need, mine);
            mine.completeExceptionally(e);
        }
        return calls.await(what, mine);
    }

    private @Nullable HeldVersion youngSealing(String name) {
        KeyEntry entry = entries.get(name);
        if (entry == null) {
            return null;
        }
        tick(entry);
        HeldVersion held = entry.held(entry.sealing());
        long now = time.nanoTime();
        if (held == null || !held.youngAt(now)) {
            return null;
        }
        refreshIfDue(held, now);
        return held;
    }

    private void refreshIfDue(HeldVersion held, long now) {
        if (!held.beginRefresh(now)) {
            return;
        }
        String what = "refresh " + KeyErrors.key(held.keyName());
        try {
            CompletableFuture<?> unused = calls.begin(
                            what, () -> load(readExisting(held.keyName()), held.number(), true), done -> {})
                    .whenComplete((done, failure) -> {
                        if (failure != null) {
                            refreshFailed(held, failure);
                        }
                        held.endRefresh();
                    });
        } catch (KmsException e) {
            refreshFailed(held, e);
            held.endRefresh();
        }
    }

    private void refreshFailed(HeldVersion held, Throwable failure) {
        LOG.debug("Could not refresh {}; it serves until it expires", held, failure);
        held.refreshLater(time.nanoTime() + Ages.PAUSE_NANOS);
    }

    /** Unwraps one version, unless it is young. For workers. */
    private HeldVersion load(Row row, int number, boolean again) {
        KeyEntry entry = entry(row.record().name());
        ReentrantLock loading = entry.loading(number);
        lock(loading, entry.name());
        try {
            HeldVersion held = entry.held(number);
            long begun = time.nanoTime();
            if (held != null && held.youngAt(begun) && !(again && held.dueAt(begun))) {
                return held;
            }
            VersionRecord version = row.record().version(number).orElseThrow();
            if (version.state() == KeyState.DESTROYED) {
                throw KeyErrors.destroyedVersion(entry.name(), number);
            }
            try (SecretBytes material = unwrap(row, version)) {
                return install(entry, row.record().spec(), version, material, begun);
            }
        } finally {
            loading.unlock();
        }
    }

    private SecretBytes unwrap(Row row, VersionRecord version) {
        KeyRecord key = row.record();
        String subject = "version " + version.number() + " of " + KeyErrors.key(key.name());
        StoreKey storeKey = storeKeys.find().orElseThrow(() -> noStoreKey(key.name()));
        WrapBinding binding =
                Bindings.version(storeKey.storeIdHex(), key.name(), key.spec(), version.number(), version.id());
        return masterKeys.unwrapAny(
                subject,
                wraps(row, version.number()),
                binding,
                bytes -> bytes.length == key.spec().materialBytes() && StoreKey.check(bytes) == version.check());
    }

    private HeldVersion install(KeyEntry entry, KeySpec spec, VersionRecord version, SecretBytes material, long begun) {
        HeldVersion fresh = new HeldVersion(entry, spec, version, material, ages.expiry(begun), ages.refresh(begun));
        HeldVersion installed = entry.install(fresh, ages.expiry(begun), ages.refresh(begun));
        if (installed != fresh) {
            fresh.wipe();
        }
        if (closed) {
            entry.wipe();
            throw KeyErrors.closed();
        }
        if (installed == null) {
            throw KeyErrors.destroyedVersion(entry.name(), version.number());
        }
        return installed;
    }

    private static List<Recipient> wraps(Row row, int number) {
        String name = row.record().name();
        StoredVersion stored = row.material().get(number);
        if (stored == null) {
            throw KeyErrors.corrupt(KeyErrors.key(name), "The row of its version " + number + " is not there.");
        }
        return WrapList.decode("version " + number + " of " + KeyErrors.key(name), stored.wraps());
    }

    // ---------------------------------------------------------------- reading the store

    private Row readExisting(String name) {
        return read(name).orElseThrow(() -> KeyErrors.notFound(name));
    }

    /** Reads a key's rows, checks them, and takes the news in. For workers. */
    private Optional<Row> read(String name) {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            // Before the read: what another thread learns during it must not make this read look rolled back.
            KeyEntry known = entries.get(name);
            View before = known == null ? null : known.view();
            StoredKey stored = store.find(name).orElse(null);
            if (stored == null) {
                if (before != null) {
                    throw gone(name);
                }
                return Optional.empty();
            }
            StoreKey storeKey = storeKeys.find().orElseThrow(() -> noStoreKey(name));
            Row row = check(name, stored, storeKey);
            long generation = row.record().generation();
            if (before != null && generation < before.stored().generation()) {
                throw KeyErrors.rolledBack(name, generation, before.stored().generation());
            }
            if (absorb(row.record(), stored.manifest(), false)) {
                return Optional.of(row);
            }
            pause(name, attempt);
        }
        throw KeyErrors.conflict(name);
    }

    private static Row check(String name, StoredKey stored, StoreKey storeKey) {
        String subject = KeyErrors.key(name);
        KeyRecord key = storeKey.open(subject, stored.manifest());
        if (!stored.name().equals(name) || !key.name().equals(name)) {
            throw KeyErrors.corrupt(subject, "It is another key's, moved to this name.");
        }
        if (key.generation() != stored.generation()) {
            throw KeyErrors.corrupt(
                    subject,
                    "Its row says generation " + stored.generation() + ", its manifest " + key.generation() + ".");
        }
        Map<Integer, StoredVersion> material = new HashMap<>();
        for (StoredVersion row : stored.versions()) {
            VersionRecord version = key.version(row.number()).orElse(null);
            if (version == null || version.state() == KeyState.DESTROYED) {
                throw KeyErrors.corrupt(
                        subject, "There is a row of a version " + row.number() + " that its manifest does not have.");
            }
            if (!MessageDigest.isEqual(version.id().bytes(), row.id())) {
                throw KeyErrors.corrupt(subject, "The row of its version " + row.number() + " has another id.");
            }
            if (material.put(row.number(), row) != null) {
                throw KeyErrors.corrupt(subject, "There are two rows of its version " + row.number() + ".");
            }
        }
        for (VersionRecord version : key.versions()) {
            if (version.state() != KeyState.DESTROYED && !material.containsKey(version.number())) {
                throw KeyErrors.corrupt(
                        subject, "The row of its version " + version.number() + " is hidden, or was deleted.");
            }
        }
        return new Row(key, material);
    }

    /** Remembers a verified manifest. False if a newer one is known meanwhile. */
    private boolean absorb(KeyRecord key, byte[] sealed, boolean ours) {
        KeyEntry entry = entry(key.name());
        byte[] tag = Arrays.copyOfRange(sealed, sealed.length - StoreKey.TAG_BYTES, sealed.length);
        News news = entry.absorb(key, tag, time.instant());
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

    private KeyEntry entry(String name) {
        return entries.computeIfAbsent(name, n -> new KeyEntry(n, heldById));
    }

    private void tick(KeyEntry entry) {
        if (entry.tick(time.instant())) {
            tellChanged(entry.name());
        }
    }

    private void tellChanged(String name) {
        try {
            changed.accept(name);
        } catch (RuntimeException e) {
            LOG.warn("What listens to changes of named keys failed on {}", name, e);
        }
    }

    private boolean readChanges() {
        long revision = store.revision();
        Long polled = polledRevision;
        if (polled != null && polled == revision) {
            return false;
        }
        unknownIds.forget();
        KmsException failure = null;
        for (KeyEntry entry : entries.values()) {
            if (entry.inUse(time.nanoTime())) {
                try {
                    readExisting(entry.name());
                } catch (KmsException e) {
                    failure = e;
                }
            }
        }
        if (failure != null) {
            throw failure; // and look again next time: the revision is not taken as seen
        }
        polledRevision = revision;
        return true;
    }

    // ---------------------------------------------------------------- changing the store

    private KeyRecord change(String what, String name, Edit edit) {
        checkOpen();
        return calls.call(what, () -> {
            ReentrantLock changing = entry(name).changing();
            lock(changing, name);
            try {
                return changeLocked(name, edit);
            } finally {
                changing.unlock();
            }
        });
    }

    private KeyRecord changeLocked(String name, Edit edit) {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            KeyRecord stored = read(name).map(Row::record).orElse(null);
            KeyRecord present = stored == null ? null : stored.at(time.instant());
            Edited edited = edit.of(present);
            if (edited == null) {
                return Objects.requireNonNull(present);
            }
            long before = stored == null ? 0 : stored.generation();
            KeyRecord next = edited.next().inGeneration(before + 1);
            byte[] sealed = storeKeys.findOrMake().seal(next);
            if (store.apply(new KeyChange(name, before, before + 1, sealed, edited.put(), edited.erase()))) {
                absorb(next, sealed, true);
                events.tell(new KmsEvent.KeyChanged(time.instant(), edited.change(), name, edited.version()));
                return next;
            }
            pause(name, attempt);
        }
        throw KeyErrors.conflict(name);
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
        Instant now = now();
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

    private record NewVersion(VersionRecord version, StoredVersion row) {}

    private NewVersion newVersion(String name, KeySpec spec, int number, @Nullable Instant activeFrom, Instant now) {
        VersionId id = VersionId.random(random);
        byte[] bytes = new byte[spec.materialBytes()];
        random.nextBytes(bytes);
        long check = StoreKey.check(bytes);
        Instant from = activeFrom != null && activeFrom.isAfter(now) ? activeFrom : now;
        try (SecretBytes material = SecretBytes.owning(bytes)) {
            WrapBinding binding = Bindings.version(storeKeys.findOrMake().storeIdHex(), name, spec, number, id);
            byte[] wraps = WrapList.encode(masterKeys.wrapAll(material, binding));
            VersionRecord version = new VersionRecord(
                    number, id, from.isAfter(now) ? KeyState.PRE_ACTIVE : KeyState.ACTIVE, now, from, null, check);
            return new NewVersion(version, new StoredVersion(number, id.bytes(), wraps));
        }
    }

    // ---------------------------------------------------------------- small things

    private void requireWrapping(String what) {
        if (!masterKeys.wraps()) {
            throw KeyErrors.decryptOnly(what);
        }
    }

    private static KeyRecord existing(String name, @Nullable KeyRecord present) {
        if (present == null) {
            throw KeyErrors.notFound(name);
        }
        return present;
    }

    private static KmsException gone(String name) {
        return KeyErrors.corrupt(
                KeyErrors.key(name), "This process has seen it, and it is gone; destroyed keys leave a tombstone.");
    }

    private static KmsException noStoreKey(String name) {
        return KeyErrors.corrupt(KeyErrors.key(name), "It is there, and the store's own key is not.");
    }

    /** The present in whole milliseconds, as manifests hold it. */
    private Instant now() {
        return time.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /** Rounded up, so that nothing seals before its time. */
    private static Instant wholeMillis(Instant instant) {
        if (instant.isAfter(Manifest.latest())) {
            throw new IllegalArgumentException("activeFrom must be before the year 10000, not " + instant);
        }
        Instant whole = instant.truncatedTo(ChronoUnit.MILLIS);
        return whole.equals(instant) ? whole : whole.plusMillis(1);
    }

    private static void lock(ReentrantLock lock, String name) {
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw KeyErrors.interrupted(KeyErrors.key(name), e);
        }
    }

    /** Lets the others finish; a little longer each time, and not all equally long. */
    private static void pause(String name, int attempt) {
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(1, 500_000L * (attempt + 1)));
        if (Thread.currentThread().isInterrupted()) {
            throw KeyErrors.interrupted(KeyErrors.key(name), new InterruptedException());
        }
    }

    private void checkOpen() {
        if (closed) {
            throw KeyErrors.closed();
        }
    }
}
