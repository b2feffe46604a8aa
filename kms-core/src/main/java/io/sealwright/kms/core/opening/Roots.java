package io.sealwright.kms.core.opening;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.provider.Futures;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.provider.Standing;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.core.provider.Verdicts.Matter;
import io.sealwright.kms.core.time.CoarseTime;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Roots in memory, so that headers of one data key share one. However many callers wait for a wrapped root, its provider is
 * called once. One that worked is checked again by unwrapping its wrap again: that is how it grows younger, how a definite
 * no is heard, and how it comes to serve on while there is no answer.
 */
final class Roots implements AutoCloseable, Verdicts.Holder {
    static final String WHAT = "unwrapping a message's key";

    private static final Logger LOG = LoggerFactory.getLogger(Roots.class);
    private static final int MOST_ROOTS = 10_000;
    private static final long MOST_BYTES = 16L << 20;

    private final RootMaker maker;
    private final @Nullable NamedKeyRing namedKeys;
    private final ProviderCalls calls;
    private final CoarseTime time;
    private final Cache<RootKey, Root> roots = Caffeine.newBuilder()
            .maximumWeight(MOST_BYTES)
            .weigher((RootKey key, Root root) -> Math.max((int) (MOST_BYTES / MOST_ROOTS), key.weight()))
            .executor(Runnable::run)
            .<RootKey, Root>removalListener((key, root, cause) -> close(root))
            .build();
    private final Map<RootKey, CompletableFuture<Root>> flights = new ConcurrentHashMap<>();
    private final LongAdder misses = new LongAdder();
    private volatile boolean closed;

    /** How often something was ended. */
    private final AtomicInteger ends = new AtomicInteger();

    /** What was asked for while it was ended: such an answer is of before, and serves those who waited alone. */
    private final Set<RootKey> overtaken = ConcurrentHashMap.newKeySet();

    Roots(RootMaker maker, @Nullable NamedKeyRing namedKeys, ProviderCalls calls, CoarseTime time) {
        this.maker = maker;
        this.namedKeys = namedKeys;
        this.calls = calls;
        this.time = time;
    }

    private static void close(@Nullable Root root) {
        if (root != null) {
            root.close();
        }
    }

    private static void discard(Root root) {
        root.used();
        root.close();
    }

    private static void discardAll(List<Optional<Root>> several) {
        several.forEach(root -> root.ifPresent(Roots::discard));
    }

    boolean mustWait(Candidate candidate) {
        return candidate.blocks() && (candidate.key() == null || live(candidate.key()) == null);
    }

    private @Nullable Root live(RootKey key) {
        Root root = roots.getIfPresent(key);
        return root != null && root.serves(time.now()) ? root : null;
    }

    /** One that has worked and may come to serve again. */
    private @Nullable Root kept(RootKey key) {
        Root root = roots.getIfPresent(key);
        return root != null && root.worked() && root.lease().kept(time.now()) ? root : null;
    }

    /** How often a root was not in memory. */
    long misses() {
        return misses.sum();
    }

    CompletableFuture<Root> rootOf(Candidate candidate) {
        RootKey key = candidate.key();
        if (key == null) {
            return computed(candidate);
        }
        Root root = live(key);
        if (root != null) {
            return CompletableFuture.completedFuture(root);
        }
        misses.increment();
        return candidate.blocks()
                ? flight(key, candidate)
                : computed(candidate).thenApply(fresh -> remember(key, fresh));
    }

    private static CompletableFuture<Root> computed(Candidate candidate) {
        try {
            return CompletableFuture.completedFuture(candidate.open(Standing.NEW));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Keeps a fresh root; one that another thread put there just before serves as well. */
    private Root remember(RootKey key, Root fresh) {
        Root kept = roots.asMap().compute(key, (k, present) -> {
            boolean serves = present != null && present.serves(time.now());
            return serves ? present : fresh;
        });
        if (closed) {
            roots.invalidateAll(); // an answer that came after close() stays nowhere
        }
        if (kept != fresh && kept != null) {
            discard(fresh);
            return kept;
        }
        return fresh;
    }

    /** The one call for however many wait. */
    private CompletableFuture<Root> flight(RootKey key, Candidate candidate) {
        CompletableFuture<Root> mine = new CompletableFuture<>();
        CompletableFuture<Root> other = flights.putIfAbsent(key, mine);
        if (other != null) {
            return other;
        }
        // Whoever was here before us may have landed between our look at the cache and our flight.
        Root landed = live(key);
        if (landed != null) {
            flights.remove(key, mine);
            mine.complete(landed);
            return mine;
        }
        Root stale = kept(key);
        Standing standing = stale == null ? Standing.NEW : Standing.PROVEN;
        try {
            CompletableFuture<Root> call = calls.submit(WHAT, () -> candidate.open(standing), Roots::discard);
            Futures.then(call, (root, failure) -> {
                try {
                    Root kept = root == null ? servesAfter(stale, key, failure) : landed(stale, key, root);
                    if (overtaken.remove(key) && kept != null) {
                        kept.lease().end(time.now());
                    }
                    flights.remove(key, mine);
                    if (kept != null) {
                        mine.complete(kept);
                    } else {
                        mine.completeExceptionally(failure);
                    }
                } catch (RuntimeException | Error e) { // a provider's versionOf, say: nobody may wait for it for good
                    flights.remove(key, mine);
                    mine.completeExceptionally(failure == null ? e : failure);
                }
            });
        } catch (RuntimeException | Error e) {
            flights.remove(key, mine);
            mine.completeExceptionally(e);
        }
        return mine;
    }

    /** Whether nothing is known of it: one that worked before is checked by itself, so that its answer is compared. */
    boolean isNew(RootKey key) {
        return kept(key) == null;
    }

    /** Fetches several by one call, and keeps those that came. */
    void fetch(MasterKey master, List<RootKey> keys) {
        misses.add(keys.size());
        int before = ends.get();
        CompletableFuture<List<Optional<Root>>> call =
                calls.submit(WHAT, () -> maker.masterRoots(master, keys), Roots::discardAll);
        List<Optional<Root>> fetched;
        try {
            fetched = calls.await(WHAT, call);
        } catch (RuntimeException e) {
            Futures.then(call, (late, failure) -> discardAll(late == null ? List.of() : late));
            throw e;
        }
        for (int i = 0; i < keys.size(); i++) {
            RootKey key = keys.get(i);
            fetched.get(i).ifPresent(root -> remember(key, root).used()); // nobody waits for it: it may be evicted
        }
        if (ends.get() != before) {
            roots.invalidateAll(keys); // an answer of before a definite no
        }
    }

    /** The root to use after an answer came: the one that worked before, unless this one is the first. */
    private Root landed(@Nullable Root stale, RootKey key, Root fresh) {
        if (stale == null) {
            return remember(key, fresh);
        }
        if (confirmed(stale, fresh)) {
            return stale;
        }
        Root serving = stale.lease().ended() ? null : servesAfter(stale, key, lied());
        if (serving == null) {
            return remember(key, fresh);
        }
        discard(fresh);
        return serving;
    }

    /** One wrap has one content: whoever gives another than the one that worked has not answered. */
    private static UnavailableException lied() {
        return new UnavailableException(
                "The provider gave no usable answer: " + WHAT + ".",
                "It returned another key for a wrap than before.",
                "Check the provider and whatever stands between.");
    }

    /** Whether the check gave the same root again, which then serves on; the fresh one is not needed. */
    private static boolean confirmed(@Nullable Root stale, Root fresh) {
        if (stale == null || stale.lease().ended() || !stale.equalTo(fresh)) {
            return false;
        }
        stale.lease().confirmed(fresh.lease());
        discard(fresh);
        return true;
    }

    /** What a call that failed means for the root that was there before; it, if it serves nevertheless. */
    private @Nullable Root servesAfter(@Nullable Root stale, RootKey key, @Nullable Throwable failure) {
        MasterKey master = key.master();
        if (master == null || failure == null) {
            return null;
        }
        if (stale == null) {
            calls.verdicts().suspect(failure, master, master.versionOf(key.recipient()), key.context());
            return null;
        }
        long now = time.now();
        if (Verdicts.isNoAnswer(failure)) {
            boolean serves = stale.lease().unanswered(now);
            if (serves && stale.lease().pastAge(now)) {
                calls.outages().serving(master.uri());
            }
            return serves ? stale : null;
        }
        stale.lease().undecided(now);
        Throwable bare =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (Verdicts.isDefiniteNo(failure) && bare instanceof KmsException no) {
            calls.verdicts().said(no, master, Operation.UNWRAP, master.versionOf(key.recipient()), key.context());
        }
        return null;
    }

    /** For a caller whose share of the deadline is over while its check still waits: what serves without an answer. */
    @Nullable
    Root orServing(Candidate candidate, @Nullable Root found, @Nullable Throwable failure) {
        RootKey key = candidate.key();
        if (found != null || key == null || !Verdicts.isNoAnswer(failure)) {
            return found;
        }
        Root stale = kept(key);
        return stale == null ? null : servesAfter(stale, key, failure);
    }

    /** Checks a root in the background, if that is due; it serves on if its key gives the same again. */
    void refreshIfDue(Root root, long now) {
        if (!root.lease().due(now)) {
            return;
        }
        HeldVersion version = root.version();
        if (version != null) {
            if (namedKeys != null) {
                namedKeys.refreshIfDue(version);
            }
        } else if (root.lease().beginCheck(now)) {
            check(root);
        }
    }

    /** Begins the check of a root of a master key; the caller has taken the right to. */
    private void check(Root root) {
        RootKey key = root.source();
        MasterKey master = key == null ? null : key.master();
        if (key == null || master == null) {
            return;
        }
        try {
            CompletableFuture<Boolean> call = calls.begin(
                    "checking a message's key again",
                    () -> {
                        Root fresh = maker.masterRoot(master, key, Standing.PROVEN);
                        if (!confirmed(root, fresh)) {
                            discard(fresh);
                            throw lied();
                        }
                        return true;
                    },
                    discarded -> {});
            Futures.then(call, (done, failure) -> {
                if (failure != null) {
                    LOG.debug("A message's key was not confirmed: {}", failure.toString());
                    Root unused = servesAfter(root, key, failure);
                }
            });
        } catch (KmsException e) {
            LOG.debug("A message's key was not checked again yet: {}", e.code());
            Root unused = servesAfter(root, key, e);
        }
    }

    @Override
    public boolean end(Matter matter) {
        ends.incrementAndGet();
        overtaken.retainAll(flights.keySet());
        // Flights first: one that lands between the two has its root in the cache by then.
        flights.keySet().stream().filter(key -> concerned(key, matter)).forEach(overtaken::add);
        long now = time.now();
        return roots.asMap().values().removeIf(root -> {
            boolean concerned = concerned(root.source(), matter);
            if (concerned) {
                root.lease().end(now);
            }
            return concerned;
        });
    }

    private static boolean concerned(@Nullable RootKey key, Matter matter) {
        MasterKey master = key == null ? null : key.master();
        return key != null
                && master != null
                && matter.concernsOpening(master, master.versionOf(key.recipient()), key.context());
    }

    @Override
    public boolean recheck(Matter matter) {
        for (Root root : roots.asMap().values()) {
            if (concerned(root.source(), matter)
                    && root.worked()
                    && root.lease().kept(time.now())) {
                check(root);
                return true;
            }
        }
        return false;
    }

    /** Drops what a named key gave. */
    void namedKeyChanged(String name) {
        roots.asMap().values().removeIf(root -> {
            HeldVersion version = root.version();
            return version != null && version.keyName().equals(name);
        });
    }

    /** Wipes what is past its age and what an outage adds to it. */
    void sweep() {
        long now = time.now();
        roots.asMap().values().removeIf(root -> !root.lease().kept(now));
    }

    /** How many there are. */
    long size() {
        return roots.estimatedSize();
    }

    @Override
    public void close() {
        closed = true;
        roots.invalidateAll();
        roots.cleanUp();
    }
}
