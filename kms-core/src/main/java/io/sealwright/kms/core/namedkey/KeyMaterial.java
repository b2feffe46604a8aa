package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.namedkey.KeyEntry.View;
import io.sealwright.kms.core.namedkey.Opened.Source;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.core.provider.Verdicts.Matter;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.TimeSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The material of versions in memory: found there, or unwrapped by one load for however many wait, refreshed ahead of
 * its age, and wiped after it. Safe for concurrent use.
 */
final class KeyMaterial implements AutoCloseable, Verdicts.Holder {
    private static final Logger LOG = LoggerFactory.getLogger(KeyMaterial.class);

    private final NamedKeyStore store;
    private final KnownKeys known;
    private final StoreKeys storeKeys;
    private final MasterKeys masterKeys;
    private final ProviderCalls calls;
    private final TimeSource time;
    private final Ages ages;
    private final UnknownIds unknownIds;
    private final Map<Object, CompletableFuture<Optional<HeldVersion>>> flights = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** What a load is for: the sealing version of an encryption or a MAC key. */
    private record Need(String name, boolean mac) {}

    KeyMaterial(
            NamedKeyStore store,
            KnownKeys known,
            StoreKeys storeKeys,
            MasterKeys masterKeys,
            ProviderCalls calls,
            TimeSource time,
            Ages ages) {
        this.store = store;
        this.known = known;
        this.storeKeys = storeKeys;
        this.masterKeys = masterKeys;
        this.calls = calls;
        this.time = time;
        this.ages = ages;
        this.unknownIds = new UnknownIds(time);
    }

    /** The version that seals now, of an encryption key or a MAC key; see {@link NamedKeyRing#sealing}. */
    HeldVersion sealing(String name, boolean mac) {
        HeldVersion young = youngSealing(name);
        if (young != null && young.spec().mac() == mac) {
            return young;
        }
        if (!KeyNames.valid(name)) {
            throw KeyErrors.noSuchName();
        }
        String what = "load " + KeyErrors.key(name);
        HeldVersion stale = keptSealing(name);
        try {
            return fly(new Need(name, mac), what, stale, () -> Optional.of(loadSealing(name, mac)))
                    .orElseThrow();
        } catch (KmsException e) {
            if (stale != null && stale.spec().mac() == mac && servesAfter(stale, e) && stale.sealsAt(time.nanoTime())) {
                return stale;
            }
            throw e;
        }
    }

    /** The version that seals now, if it is in memory and young. No I/O; may start a refresh. */
    @Nullable
    HeldVersion youngSealing(String name) {
        KeyEntry entry = known.met(name);
        if (entry == null) {
            return null;
        }
        HeldVersion held = entry.held(entry.sealing());
        if (held == null || !held.sealsAt(time.nanoTime())) {
            return null;
        }
        refreshIfDue(held);
        return held;
    }

    /** The version that seals now, if it is in memory and may come to serve again. */
    private @Nullable HeldVersion keptSealing(String name) {
        KeyEntry entry = known.met(name);
        HeldVersion held = entry == null ? null : entry.held(entry.sealing());
        return held != null && held.lease().kept(time.nanoTime()) ? held : null;
    }

    /** The version of this id, of an encryption key or a MAC key; see {@link NamedKeyRing#byId}. */
    Optional<HeldVersion> byId(VersionId id, boolean mac) {
        HeldVersion held = young(id);
        if (held == null && unknownIds.missedLately(id)) {
            return Optional.empty();
        }
        if (held == null) {
            HeldVersion stale = known.held(id);
            try {
                held = fly(id, "load the key version of id " + id.hex(), stale, () -> loadById(id, mac))
                        .orElse(null);
            } catch (KmsException e) {
                if (stale == null || !servesAfter(stale, e)) {
                    throw e;
                }
                held = stale;
            }
        }
        return Optional.ofNullable(held).filter(version -> version.spec().mac() == mac);
    }

    /** The version of this id, if it is in memory and young. No I/O; may start a refresh. */
    @Nullable
    HeldVersion young(VersionId id) {
        HeldVersion held = known.held(id);
        if (held == null || !held.opensAt(time.nanoTime())) {
            return null;
        }
        refreshIfDue(held);
        return held;
    }

    /** The store has changed: ids that were not there may be now. */
    void forgetUnknownIds() {
        unknownIds.forget();
    }

    /** Wipes what is past its age, and lets the clock change states. */
    void sweep() {
        for (KeyEntry entry : known.entries()) {
            entry.sweep(ages, time.nanoTime());
            known.tick(entry);
        }
    }

    boolean closed() {
        return closed;
    }

    void checkOpen() {
        if (closed) {
            throw KeyErrors.closed();
        }
    }

    /** Wipes all. */
    @Override
    public void close() {
        closed = true;
        known.entries().forEach(KeyEntry::wipe);
    }

    // ---------------------------------------------------------------- flights

    /**
     * One flight at a time for one need: whoever comes meanwhile waits for it, each with an interrupt of his own. A flight
     * that was begun on a worker ends with that worker's interrupt or deadline, which says nothing of the others' calls:
     * they try again, no longer than a deadline of their own.
     *
     * @param stale what is in memory and serves no more without a check, which this is; it ends before the deadline
     */
    private Optional<HeldVersion> fly(
            Object need, String what, @Nullable HeldVersion stale, Supplier<Optional<HeldVersion>> load) {
        long begun = System.nanoTime(); // real time: it bounds a wait
        while (true) {
            CompletableFuture<Optional<HeldVersion>> mine = new CompletableFuture<>();
            CompletableFuture<Optional<HeldVersion>> first = flights.putIfAbsent(need, mine);
            if (first == null) {
                return flyAlone(need, what, stale == null ? load : () -> calls.check(what, load), mine);
            }
            try {
                return calls.await(what, first);
            } catch (CallInterruptedException e) {
                boolean ours = Thread.currentThread().isInterrupted();
                if (ours || System.nanoTime() - begun >= calls.deadline().toNanos()) {
                    throw e;
                }
                LOG.debug("A load was interrupted where it began; it is begun again: {}", what);
            }
        }
    }

    private Optional<HeldVersion> flyAlone(
            Object need,
            String what,
            Supplier<Optional<HeldVersion>> load,
            CompletableFuture<Optional<HeldVersion>> mine) {
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

    // ---------------------------------------------------------------- checks

    /** Checks a version in the background, if that is due. */
    void refreshIfDue(HeldVersion held) {
        if (held.lease().beginCheck(time.nanoTime())) {
            refresh(held);
        }
    }

    private void refresh(HeldVersion held) {
        String what = "refresh " + KeyErrors.key(held.keyName());
        try {
            CompletableFuture<?> unused = calls.begin(
                            what,
                            () -> calls.check(
                                    what, () -> load(known.readExisting(held.keyName()), held.number(), true)),
                            done -> {})
                    .whenComplete((done, failure) -> {
                        if (failure != null) {
                            boolean serves = servesAfter(held, failure);
                            LOG.debug("Could not refresh {}; it serves: {}", held, serves, failure);
                        }
                    });
        } catch (KmsException e) {
            boolean unused = servesAfter(held, e);
        }
    }

    /** What a check that failed means for a version in memory: whether it serves nevertheless. */
    private boolean servesAfter(HeldVersion held, Throwable failure) {
        long now = time.nanoTime();
        if (!Verdicts.isNoAnswer(failure)) {
            held.lease().undecided(now);
            return false;
        }
        boolean serves = held.lease().unanswered(now);
        if (serves && held.lease().pastAge(now)) {
            masterKeys.servesUnanswered(held.source());
        }
        return serves;
    }

    @Override
    public boolean end(Matter matter) {
        boolean ended = false;
        for (KeyEntry entry : known.entries()) {
            for (HeldVersion held : entry.versions()) {
                if (held.source().concernedBy(matter)) {
                    ended |= held.lease().end(time.nanoTime());
                }
            }
        }
        return ended;
    }

    @Override
    public boolean recheck(Matter matter) {
        for (KeyEntry entry : known.entries()) {
            for (HeldVersion held : entry.versions()) {
                if (held.source().concernedBy(matter) && held.lease().kept(time.nanoTime())) {
                    refresh(held);
                    return true;
                }
            }
        }
        return false;
    }

    // ---------------------------------------------------------------- loads, on workers

    private HeldVersion loadSealing(String name, boolean mac) {
        VerifiedKey key = known.readExisting(name);
        KeyRecord present = key.record().at(time.instant());
        if (present.spec().mac() != mac) {
            throw KeyErrors.wrongSpec(name, present.spec());
        }
        int number = present.sealing();
        if (number == 0) {
            throw KeyErrors.doesNotSeal(present);
        }
        // One that serves for opening yet may be over the shorter window of sealing: only a check of its own helps.
        HeldVersion held = known.entry(name).held(number);
        return load(key, number, held != null && !held.sealsAt(time.nanoTime()));
    }

    private Optional<HeldVersion> loadById(VersionId id, boolean mac) {
        String name = known.nameOf(id);
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
        VerifiedKey key = known.readExisting(name);
        String found = name;
        VersionRecord version = key.record()
                .find(id)
                .orElseThrow(() -> KeyErrors.corrupt(
                        KeyErrors.key(found), "A version stands under its name that its manifest does not have."));
        if (key.record().spec().mac() != mac) {
            return Optional.empty();
        }
        return Optional.of(load(key, version.number(), false));
    }

    /** Unwraps one version, unless it is young. */
    private HeldVersion load(VerifiedKey key, int number, boolean again) {
        KeyEntry entry = known.entry(key.record().name());
        ReentrantLock loading = entry.lockLoading(number);
        try {
            HeldVersion held = entry.held(number);
            long begun = time.nanoTime();
            if (held != null && held.opensAt(begun) && !again) {
                return held;
            }
            VersionRecord version = key.record().version(number).orElseThrow();
            demandUsable(entry.name(), version);
            Source before = held == null || held.lease().ended() ? null : held.source();
            try (Opened opened = unwrap(key, version, before)) {
                return install(entry, key.record().spec(), version, opened, begun);
            }
        } finally {
            loading.unlock();
        }
    }

    /** The bytes of one version, which the caller closes. */
    SecretBytes unwrap(VerifiedKey verified, VersionRecord version) {
        return unwrap(verified, version, null).material();
    }

    private Opened unwrap(VerifiedKey verified, VersionRecord version, @Nullable Source before) {
        StoreKey storeKey = storeKeys
                .find()
                .orElseThrow(() -> KeyErrors.noStoreKey(verified.record().name()));
        return masterKeys.unwrap(verified.stored(version, storeKey.storeIdHex()), before);
    }

    private HeldVersion install(KeyEntry entry, KeySpec spec, VersionRecord version, Opened opened, long begun) {
        HeldVersion fresh = new HeldVersion(entry, spec, version, opened, ages, begun);
        HeldVersion installed = entry.install(fresh, begun);
        if (installed != fresh) {
            fresh.wipe(begun);
        }
        if (closed) {
            entry.wipe();
            throw KeyErrors.closed();
        }
        if (installed == null) {
            View view = entry.view();
            VersionRecord present = view == null
                    ? null
                    : view.present().version(version.number()).orElse(null);
            demandUsable(entry.name(), present == null ? version : present);
            throw KeyErrors.destroyedVersion(entry.name(), version.number());
        }
        return installed;
    }

    private static void demandUsable(String name, VersionRecord version) {
        if (version.state() == KeyState.DESTROYED) {
            throw KeyErrors.destroyedVersion(name, version.number());
        }
        if (version.awaitsDestruction()) {
            throw KeyErrors.awaitsDestruction(name, version);
        }
    }
}
