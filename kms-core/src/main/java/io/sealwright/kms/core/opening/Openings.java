package io.sealwright.kms.core.opening;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.lease.Terms;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.opening.RootFinder.Found;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.time.CoarseTime;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import java.security.Provider;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Finds the keys of headers. A header seen before is found by eight bytes of its commitment and then compared byte by
 * byte; whatever a caller's policy would refuse of a new header it refuses of a cached one too. Sealing never fills the
 * cache: what this process sealed is opened as anyone's.
 */
public final class Openings implements AutoCloseable {
    private static final int MOST_EPOCHS = 10_000;
    private static final long MOST_BYTES = 16L << 20;
    private static final int MIN_WEIGHT = (int) (MOST_BYTES / MOST_EPOCHS);

    private final Cache<Long, OpeningEpoch> epochs = Caffeine.newBuilder()
            .maximumWeight(MOST_BYTES)
            .weigher((Long fingerprint, OpeningEpoch epoch) -> Math.max(MIN_WEIGHT, epoch.weight()))
            .executor(Runnable::run)
            .<Long, OpeningEpoch>removalListener((fingerprint, epoch, cause) -> close(epoch))
            .build();
    private final Ciphers ciphers;
    private final Roots roots;
    private final RootFinder finder;
    private final Prefetch prefetch;
    private final CoarseTime time;
    private final TimeSource clock;
    private final Events events;
    /** The most that {@link #opened} said: what moves from an epoch to the common count may be in neither for a moment. */
    private final AtomicLong told = new AtomicLong();

    private volatile boolean closed;

    public Openings(
            List<MasterKey> masterKeys,
            @Nullable NamedKeyRing namedKeys,
            ProviderCalls calls,
            Terms terms,
            CoarseTime time,
            TimeSource clock,
            Events events,
            @Nullable Provider provider) {
        RootMaker maker = new RootMaker(namedKeys, calls, terms, time);
        this.roots = new Roots(maker, namedKeys, calls, time);
        Candidates candidates = new Candidates(masterKeys, namedKeys, maker, calls, clock);
        this.finder = new RootFinder(candidates, roots, calls, clock, events);
        this.prefetch = new Prefetch(candidates, roots, calls);
        this.time = time;
        this.clock = clock;
        this.events = events;
        this.ciphers = new Ciphers(provider);
        calls.verdicts().add(roots);
    }

    private static void close(@Nullable OpeningEpoch epoch) {
        if (epoch != null) {
            epoch.close();
        }
    }

    /** The keys of a message that is there as a whole; waits for a provider if need be. */
    public OpeningEpoch find(byte[] message, int from, int to, OpenPolicy policy) {
        OpeningEpoch hot = hot(message, from, to, policy);
        return hot != null ? hot : find(HeaderParser.parse(message, from, to), policy);
    }

    /** The keys of a header; waits for a provider if need be. */
    public OpeningEpoch find(Header header, OpenPolicy policy) {
        Suite suite = admit(header, policy);
        OpeningEpoch cached = cached(header, policy);
        return cached != null ? cached : keep(header, suite, finder.find(header, policy));
    }

    /** As {@link #find(byte[], int, int, OpenPolicy)}, without holding the caller's thread. */
    public CompletableFuture<OpeningEpoch> findAsync(byte[] message, int from, int to, OpenPolicy policy) {
        try {
            OpeningEpoch hot = hot(message, from, to, policy);
            if (hot != null) {
                return CompletableFuture.completedFuture(hot);
            }
            Header header = HeaderParser.parse(message, from, to);
            Suite suite = admit(header, policy);
            OpeningEpoch cached = cached(header, policy);
            return cached != null
                    ? CompletableFuture.completedFuture(cached)
                    : finder.findAsync(header, policy).thenApply(found -> keep(header, suite, found));
        } catch (KmsException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Whether the header is of level 0; admits it by the policy or refuses it, with an event. */
    public boolean clear(Header header, OpenPolicy policy) {
        if (!OpenPolicy.isClear(header)) {
            return false;
        }
        try {
            policy.admitClear(header);
        } catch (RefusedException e) {
            throw told(e);
        }
        events.tell(new KmsEvent.WeakerAllowed(clock.instant(), "unencrypted", SecurityLevel.NONE, null));
        return true;
    }

    private Suite admit(Header header, OpenPolicy policy) {
        try {
            return policy.admit(header);
        } catch (RefusedException e) {
            throw told(e);
        }
    }

    private RefusedException told(RefusedException e) {
        events.tell(new KmsEvent.Refused(clock.instant(), e.code(), null));
        return e;
    }

    private @Nullable OpeningEpoch hot(byte[] message, int from, int to, OpenPolicy policy) {
        int at = HeaderParser.commitmentOffset(message, from, to);
        if (at < 0) {
            return null;
        }
        OpeningEpoch epoch = epochs.getIfPresent(HeaderParser.fingerprint(message, at));
        return epoch != null && epoch.matches(message, from, to) && serves(epoch, policy) ? epoch : null;
    }

    private @Nullable OpeningEpoch cached(Header header, OpenPolicy policy) {
        OpeningEpoch epoch = epochs.getIfPresent(header.fingerprint());
        return epoch != null && Arrays.equals(epoch.header().bytes(), header.bytes()) && serves(epoch, policy)
                ? epoch
                : null;
    }

    /** Whether a cached epoch may serve this caller now; false sends it the long way, which gives the same refusals. */
    private boolean serves(OpeningEpoch epoch, OpenPolicy policy) {
        Root root = epoch.root();
        long now = time.now();
        if (!root.serves(now)) {
            return false;
        }
        try {
            policy.demandLevel(epoch.level());
        } catch (RefusedException e) {
            throw told(e);
        }
        if (!policy.context().equals(epoch.context())) {
            throw new AuthenticationFailedException();
        }
        HeldVersion version = root.version();
        if (version != null && !version.opensForAll()) {
            return false;
        }
        roots.refreshIfDue(root, now);
        return true;
    }

    private OpeningEpoch keep(Header header, Suite suite, Found found) {
        try (EpochKeys keys = found.keys()) {
            OpeningEpoch epoch = new OpeningEpoch(header, suite, found.root(), keys, ciphers);
            epochs.put(header.fingerprint(), epoch);
            if (closed) {
                epochs.invalidateAll(); // an answer that came after close() stays nowhere
            }
            return epoch;
        }
    }

    /** Fetches the roots of these headers that are not in memory and can be had. */
    public void prefetch(List<Header> headers) {
        prefetch.run(headers);
    }

    /** The root itself, for re-wrapping; a copy, the caller's to wipe. */
    public byte[] root(Header header, OpenPolicy policy) {
        while (true) {
            policy.admit(header);
            Found found = finder.find(header, policy);
            found.keys().close();
            byte[] root = found.root().copy();
            if (root != null) {
                return root;
            }
        }
    }

    /** Opens a body of suite 1 or 2 of a whole message into a new array. */
    public byte[] open(byte[] message, int from, int to, byte[] aad, OpenPolicy policy, OpeningEpoch epoch) {
        OpeningEpoch present = epoch;
        while (true) {
            int body = from + present.headerLength();
            byte[] out = new byte[present.plaintextLength(to - body)];
            if (present.open(message, body, to - body, aad, out, 0) != OpeningEpoch.DROPPED) {
                return out;
            }
            present = find(message, from, to, policy);
        }
    }

    /** Opens a body of suite 1 or 2 of a whole message into the caller's array, which has room for it. */
    public int open(
            byte[] message,
            int from,
            int to,
            byte[] aad,
            OpenPolicy policy,
            OpeningEpoch epoch,
            byte[] out,
            int outOffset) {
        OpeningEpoch present = epoch;
        while (true) {
            int body = from + present.headerLength();
            present.plaintextLength(to - body);
            int opened = present.open(message, body, to - body, aad, out, outOffset);
            if (opened != OpeningEpoch.DROPPED) {
                return opened;
            }
            present = find(message, from, to, policy);
        }
    }

    /** Drops what a named key gave: its state has changed. */
    public void namedKeyChanged(String name) {
        epochs.asMap().values().removeIf(epoch -> {
            HeldVersion version = epoch.root().version();
            return version != null && version.keyName().equals(name);
        });
        roots.namedKeyChanged(name);
    }

    /** About how many messages were opened, or found forged, with a data key. Never less than before. */
    public long opened() {
        long sum = ciphers.opened();
        for (OpeningEpoch epoch : epochs.asMap().values()) {
            sum += epoch.opened();
        }
        return told.accumulateAndGet(sum, Math::max);
    }

    /** How often a data key to open with was not in memory. */
    public long misses() {
        return roots.misses();
    }

    /** About how many data keys to open with are in memory. */
    public long keys() {
        return roots.size();
    }

    /** Wipes what is past its age and what an outage adds to it. */
    public void sweep() {
        long now = time.now();
        epochs.asMap().values().removeIf(epoch -> !epoch.root().lease().kept(now));
        roots.sweep();
    }

    @Override
    public void close() {
        closed = true;
        epochs.invalidateAll();
        epochs.cleanUp();
        roots.close();
    }
}
