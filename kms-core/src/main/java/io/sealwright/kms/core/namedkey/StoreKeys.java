package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.lease.Lease;
import io.sealwright.kms.core.namedkey.Opened.Source;
import io.sealwright.kms.core.provider.FetchedKey;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.core.provider.Verdicts.Matter;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.TimeSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store's own key in memory: made once for a store, unwrapped when needed, kept no longer than other keys. One store
 * for the life of a process: when the record is read again it must be the same key.
 */
final class StoreKeys implements AutoCloseable, Verdicts.Holder {
    private static final Logger LOG = LoggerFactory.getLogger(StoreKeys.class);

    private final NamedKeyStore store;
    private final MasterKeys masterKeys;
    private final ProviderCalls calls;
    private final TimeSource time;
    private final Ages ages;
    private final CloneSafeRandom random = new CloneSafeRandom();

    /** One load at a time; held over calls to store and providers, by workers only. */
    private final ReentrantLock loading = new ReentrantLock();

    private volatile @Nullable Held held;
    private volatile boolean closed;
    private volatile @Nullable Known known; // written under loading

    /** What tells the key of this store from any other. */
    private record Known(VersionId store, long check) {}

    private record Held(StoreKey key, Lease lease, Source source) {}

    StoreKeys(NamedKeyStore store, MasterKeys masterKeys, ProviderCalls calls, TimeSource time, Ages ages) {
        this.store = store;
        this.masterKeys = masterKeys;
        this.calls = calls;
        this.time = time;
        this.ages = ages;
    }

    /** The key, if the store has one. Blocks if it is not in memory. */
    Optional<StoreKey> find() {
        StoreKey young = young();
        return young != null ? Optional.of(young) : Optional.ofNullable(load(false, false));
    }

    /** The key, made if the store has none. Blocks; all master keys wrap it. */
    StoreKey findOrMake() {
        StoreKey young = young();
        if (young != null) {
            return young;
        }
        StoreKey made = load(true, false);
        if (made == null) {
            throw KeyErrors.corrupt(StoreKeyRecord.SUBJECT, "It is not there after it was made.");
        }
        return made;
    }

    /** Drops the key if it is past its age. */
    void sweep() {
        Held there = held;
        if (there != null && ages.sweepable(there.lease(), time.nanoTime()) && loading.tryLock()) {
            try {
                if (held == there) {
                    held = null;
                    there.key().close();
                }
            } finally {
                loading.unlock();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        Held there = held;
        held = null;
        if (there != null) {
            there.key().close();
        }
    }

    private @Nullable StoreKey young() {
        if (closed) {
            throw KeyErrors.closed();
        }
        Held there = held;
        long now = time.nanoTime();
        if (there == null || !there.lease().serves(now)) {
            return null;
        }
        if (there.lease().beginCheck(now)) {
            refresh(there);
        }
        return there.key();
    }

    private void refresh(Held there) {
        try {
            CompletableFuture<?> unused = calls.begin(
                            "look again at the store's own key", () -> load(false, true) != null, done -> {})
                    .whenComplete((done, failure) -> {
                        if (failure != null) {
                            boolean serves = servesAfter(there, failure);
                            LOG.debug("The store's own key could not be refreshed; it serves: {}", serves, failure);
                        }
                    });
        } catch (KmsException e) {
            boolean unused = servesAfter(there, e);
        }
    }

    /** What a check that failed means for the key in memory: whether it serves nevertheless. */
    private boolean servesAfter(Held there, Throwable failure) {
        long now = time.nanoTime();
        if (!Verdicts.isNoAnswer(failure)) {
            there.lease().undecided(now);
            return false;
        }
        boolean serves = there.lease().unanswered(now);
        if (serves && there.lease().pastAge(now)) {
            masterKeys.servesUnanswered(there.source());
        }
        return serves;
    }

    @Override
    public boolean end(Matter matter) {
        Held there = held;
        return there != null
                && there.source().concernedBy(matter)
                && there.lease().end(time.nanoTime());
    }

    @Override
    public boolean recheck(Matter matter) {
        Held there = held;
        if (there == null
                || !there.source().concernedBy(matter)
                || !there.lease().kept(time.nanoTime())) {
            return false;
        }
        refresh(there);
        return true;
    }

    private @Nullable StoreKey load(boolean make, boolean again) {
        try {
            loading.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw KeyErrors.interrupted(StoreKeyRecord.SUBJECT, e);
        }
        try {
            Held there = held;
            long begun = time.nanoTime();
            if (there != null && there.lease().serves(begun) && !again) {
                return there.key();
            }
            if (there == null || !there.lease().kept(begun)) {
                return read(make, begun);
            }
            try {
                return calls.check("read the store's own key", () -> read(make, begun));
            } catch (KmsException e) {
                if (again || !servesAfter(there, e)) {
                    throw e;
                }
                return there.key();
            }
        } finally {
            loading.unlock();
        }
    }

    private @Nullable StoreKey read(boolean make, long begun) {
        Optional<byte[]> stored = store.storeKey();
        if (stored.isPresent()) {
            return adopt(StoreKeyRecord.decode(stored.get()), begun);
        }
        if (known != null) {
            throw KeyErrors.corrupt(StoreKeyRecord.SUBJECT, "It was there before, and is gone.");
        }
        return make ? make(begun) : null;
    }

    /**
     * Puts the key under the newest versions of the master keys that wrap. For workers.
     *
     * @return whether that changed anything
     * @throws io.sealwright.kms.error.StoreException if others change it again and again, or it is not what it was
     */
    boolean rewrap() {
        for (int attempt = 0; attempt < Attempts.MOST; attempt++) {
            byte[] stored = store.storeKey()
                    .orElseThrow(() -> KeyErrors.corrupt(StoreKeyRecord.SUBJECT, "It was there before, and is gone."));
            StoreKeyRecord row = checked(StoreKeyRecord.decode(stored));
            List<Recipient> renewed = masterKeys.renewed(row.material());
            if (renewed == null) {
                return false;
            }
            byte[] next = new StoreKeyRecord(row.storeId(), row.check(), renewed).encode();
            if (store.replaceStoreKey(stored, next)) {
                return true;
            }
            Attempts.pause(StoreKeyRecord.SUBJECT, attempt);
        }
        throw KeyErrors.storeKeyConflict();
    }

    /** The record as it is stored, if it is the known key's or none is known; empty if the store has none. For workers. */
    Optional<StoreKeyRecord> record() {
        return store.storeKey().map(StoreKeyRecord::decode).map(this::checked);
    }

    private StoreKeyRecord checked(StoreKeyRecord row) {
        Known there = known;
        if (there != null && (!there.store().equals(row.storeId()) || there.check() != row.check())) {
            throw KeyErrors.corrupt(StoreKeyRecord.SUBJECT, "It was exchanged for another one.");
        }
        return row;
    }

    private StoreKey adopt(StoreKeyRecord row, long begun) {
        Held there = held;
        Source before = there == null || there.lease().ended() ? null : there.source();
        try (Opened key = masterKeys.unwrap(checked(row).material(), before)) {
            return hold(row, key, begun);
        }
    }

    private StoreKey make(long begun) {
        byte[] bytes = new byte[StoreKey.KEY_BYTES];
        random.nextBytes(bytes);
        long check = StoreKey.check(bytes);
        try (SecretBytes key = SecretBytes.owning(bytes)) {
            VersionId storeId = VersionId.random(random);
            StoreKeyRecord row =
                    new StoreKeyRecord(storeId, check, masterKeys.wrapAll(key, StoreKeyRecord.binding(storeId)));
            StoreKeyRecord winner = StoreKeyRecord.decode(store.initialise(row.encode()));
            // Another process may have come first: its key is the store's, and ours was never used.
            return winner.equals(row)
                    ? hold(row, masterKeys.made(key, row.wraps(), StoreKeyRecord.binding(storeId)), begun)
                    : adopt(winner, begun);
        }
    }

    private StoreKey hold(StoreKeyRecord row, Opened opened, long begun) {
        Held there = held;
        // The one before, if it is still there, is the same key (adopt() made sure), and others may be working with it.
        StoreKey kept = there != null ? there.key() : StoreKey.of(row.storeId().bytes(), opened.material());
        known = new Known(row.storeId(), row.check());
        held = new Held(
                kept, FetchedKey.lease(ages.terms(), List.of(opened.source().key()), begun), opened.source());
        if (closed) {
            close();
            throw KeyErrors.closed();
        }
        return kept;
    }

    /** Tells whether the key is in memory. */
    boolean held() {
        return held != null;
    }
}
