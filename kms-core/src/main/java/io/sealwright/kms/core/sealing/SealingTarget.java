package io.sealwright.kms.core.sealing;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.epoch.GcmSealingEpoch;
import io.sealwright.kms.core.epoch.SealingEpoch;
import io.sealwright.kms.core.epoch.XaesSealingEpoch;
import io.sealwright.kms.core.provider.Futures;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.core.provider.Verdicts.Matter;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.UnavailableException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where messages of one recipient plan and one context get their data key. The hot path is two volatile reads and a
 * comparison; everything else happens once for however many callers wait (single flight), off their threads where a
 * provider must be asked.
 */
public final class SealingTarget implements AutoCloseable {
    private static final long REFRESH_PAUSE_NANOS = 1_000_000_000L;
    private static final Logger LOG = LoggerFactory.getLogger(SealingTarget.class);
    private static final String WHAT = "getting a data key";

    private final RecipientPlan plan;
    private final EncryptionContext context;
    private final DataKeyMaker maker;
    private final SealingParameters parameters;
    private final ProviderCalls calls;

    private volatile @Nullable DataKey current;
    private volatile boolean closed;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable CompletableFuture<DataKey> flight; // guarded by lock

    /** How often keys of this target were ended: one that was being made meanwhile is of before, and ended too. */
    private final AtomicInteger retirements = new AtomicInteger();

    SealingTarget(
            RecipientPlan plan,
            EncryptionContext context,
            DataKeyMaker maker,
            SealingParameters parameters,
            ProviderCalls calls) {
        this.plan = plan;
        this.context = context;
        this.maker = maker;
        this.parameters = parameters;
        this.calls = calls;
    }

    /** The context of every message sealed here. */
    public EncryptionContext context() {
        return context;
    }

    RecipientPlan plan() {
        return plan;
    }

    /** Whether it was evicted or its manager closed: get another. */
    public boolean closed() {
        return closed;
    }

    /** How long the present key serves yet, for eviction: least without one, most while one is being made. */
    long lifeLeft() {
        lock.lock();
        try {
            if (flight != null) {
                return Long.MAX_VALUE;
            }
        } finally {
            lock.unlock();
        }
        DataKey key = current;
        return key == null || key.retired()
                ? Long.MIN_VALUE
                : key.servesUntil() - parameters.time().now();
    }

    /** Whether there is a key that needs no waiting. */
    public boolean live() {
        DataKey key = current;
        return key != null && key.serves(parameters.time().now());
    }

    /** The id of the first recipient, or of the named key's version. */
    public String keyId() {
        return dataKey().keyId();
    }

    /** Waits for a live key, if there is none, without holding a thread. */
    public CompletableFuture<SealingTarget> ready() {
        return live()
                ? CompletableFuture.completedFuture(this)
                : takeOff(current, true).thenApply(key -> this);
    }

    /** Length of the header that precedes every body; the same for all suites. */
    public int headerLength() {
        while (true) {
            DataKey key = dataKey();
            GcmSealingEpoch epoch = key.gcm.current();
            if (epoch != null) {
                return epoch.header().length;
            }
            key.retire();
        }
    }

    /** What the body of a small suite adds to its plaintext. */
    public int overhead(Suite suite) {
        return suite == Suite.XAES_256_GCM ? XaesSealingEpoch.OVERHEAD_BYTES : GcmSealingEpoch.OVERHEAD_BYTES;
    }

    /** Seals a small body (suite 1); at most 64 KiB. */
    public byte[] sealGcm(byte[] in, int offset, int length, byte[] aad) {
        while (true) {
            DataKey key = dataKey();
            GcmSealingEpoch epoch = key.gcm.current();
            while (epoch != null) {
                byte[] out = new byte[epoch.sealedLength(length)];
                if (epoch.seal(in, offset, length, aad, out, 0) != SealingEpoch.EXHAUSTED) {
                    return out;
                }
                epoch = key.gcm.after(epoch);
            }
            key.retire();
        }
    }

    /** Seals a small body (suite 1) into the caller's array, or returns -1, having written nothing, if there is no room. */
    public int sealGcm(byte[] in, int offset, int length, byte[] aad, byte[] out, int outOffset) {
        while (true) {
            DataKey key = dataKey();
            GcmSealingEpoch epoch = key.gcm.current();
            while (epoch != null) {
                int needed = epoch.sealedLength(length);
                if (out.length - outOffset < needed) {
                    return -1;
                }
                if (in == out && offset < outOffset + needed && outOffset < offset + length) {
                    throw new IllegalArgumentException("input and output overlap");
                }
                int sealed = epoch.seal(in, offset, length, aad, out, outOffset);
                if (sealed != SealingEpoch.EXHAUSTED) {
                    return sealed;
                }
                epoch = key.gcm.after(epoch);
            }
            key.retire();
        }
    }

    /** Seals a small body (suite 2); at most 64 KiB. */
    public byte[] sealXaes(byte[] in, int offset, int length, byte[] aad) {
        while (true) {
            DataKey key = dataKey();
            XaesSealingEpoch epoch = key.xaes.current();
            while (epoch != null) {
                byte[] out = new byte[epoch.sealedLength(length)];
                if (epoch.seal(in, offset, length, aad, out, 0) != SealingEpoch.EXHAUSTED) {
                    return out;
                }
                epoch = key.xaes.after(epoch);
            }
            key.retire();
        }
    }

    /** The header and keys of a new chunked message (suite 4). */
    public ChunkedStart startChunked(byte[] aad) {
        int restores = parameters.salts().restores(); // before the salt is drawn
        while (true) {
            DataKey key = dataKey();
            var epoch = key.chunked.current();
            while (epoch != null) {
                var keys = epoch.newMessage(aad);
                if (keys != null) {
                    return new ChunkedStart(
                            epoch.header(), keys, () -> parameters.salts().restores() != restores);
                }
                epoch = key.chunked.after(epoch);
            }
            key.retire();
        }
    }

    /** A live key; waits for one if need be. */
    DataKey dataKey() {
        DataKey key = current;
        if (key != null && parameters.time().now() - key.checkAt < 0) {
            return key;
        }
        return look(key);
    }

    /** The way to a key when the hot path must look again. */
    private DataKey look(@Nullable DataKey key) {
        if (closed) {
            throw new ClosedException(
                    "The data key was dropped.", "Its key manager was closed.", "Open a new one, and close it last.");
        }
        long now = parameters.time().now();
        if (key == null || !key.serves(now)) {
            return fetched(key);
        }
        if (key.isDirect()) {
            return maker.goesOn(plan, key) ? key : calls.await(WHAT, takeOff(key, true));
        }
        if (!key.due(now)) {
            key.lookAgain();
            return key;
        }
        // Refresh ahead: one caller starts it, nobody waits, and a failure is tried again a little later.
        key.lookAgainAt(now + REFRESH_PAUSE_NANOS);
        Futures.background(takeOff(key, false), LOG);
        return key;
    }

    /** Waits for a live key. A machine so busy that nobody is told of the answer in time has no answer either. */
    private DataKey fetched(@Nullable DataKey before) {
        try {
            return calls.await(WHAT, takeOff(before, true));
        } catch (UnavailableException e) {
            if (before != null && Verdicts.isNoAnswer(e) && servesUnanswered(before)) {
                return before;
            }
            throw e;
        }
    }

    /** The one flight to a key after {@code before}; joins one that is under way. It completes once the key has landed. */
    private CompletableFuture<DataKey> takeOff(@Nullable DataKey before, boolean urgent) {
        CompletableFuture<DataKey> landed = new CompletableFuture<>();
        lock.lock();
        try {
            DataKey present = current;
            if (present != null && present != before && !present.retired()) {
                return CompletableFuture.completedFuture(present);
            }
            if (flight != null) {
                return flight;
            }
            flight = landed;
        } finally {
            lock.unlock();
        }
        // Outside the lock: what is asked for here may block, and may tell listeners.
        int seen = retirements.get();
        try {
            Futures.then(made(urgent, before), (key, failure) -> land(landed, key, failure, seen));
        } catch (Throwable e) {
            land(landed, null, e, seen);
        }
        return landed;
    }

    private CompletableFuture<DataKey> made(boolean urgent, @Nullable DataKey before) {
        DataKey proven = before == null || before.retired() ? null : before;
        if (!urgent) {
            return calls.begin(WHAT, () -> maker.make(plan, context, proven), DataKey::close);
        }
        return maker.blocks(plan)
                ? calls.submit(WHAT, () -> maker.make(plan, context, proven), DataKey::close)
                : CompletableFuture.completedFuture(maker.make(plan, context, proven));
    }

    private void land(
            CompletableFuture<DataKey> landed, @Nullable DataKey made, @Nullable Throwable failure, int seen) {
        DataKey before;
        lock.lock();
        try {
            flight = null;
            before = current;
            if (made != null) {
                current = made;
            }
        } finally {
            lock.unlock();
        }
        if (made == null && before != null && Verdicts.isNoAnswer(failure) && servesUnanswered(before)) {
            landed.complete(before);
            return;
        }
        if (made == null) {
            landed.completeExceptionally(
                    failure != null ? failure : new KmsBugException("a flight ended without key and failure", null));
            return;
        }
        if (before != null && before != made) {
            before.close();
        }
        if (retirements.get() != seen) {
            made.retire();
        }
        if (closed) {
            made.close();
        }
        landed.complete(made);
    }

    /** The making of its successor was its check, and found no answer: whether it serves for a while yet. */
    private boolean servesUnanswered(DataKey key) {
        long now = parameters.time().now();
        if (key.retired() || !key.unanswered(now)) {
            return false;
        }
        if (key.pastAge(now)) {
            maker.servesUnanswered(plan);
        }
        return true;
    }

    /** Whether the present key is concerned by what a master key's provider said. */
    boolean concerned(Matter matter) {
        DataKey key = current;
        return key != null
                && key.wrappers().stream()
                        .anyMatch(wrapper -> matter.concernsSealing(wrapper.key(), wrapper.version(), key.context()));
    }

    /** Begins a check of the present key, by making its successor in the background. */
    boolean recheck() {
        DataKey key = current;
        if (key == null || key.retired() || closed) {
            return false;
        }
        Futures.background(takeOff(key, false), LOG);
        return true;
    }

    /**
     * Ends the present key, and one that is being made: its named key has changed, or its master key said no. Whether there
     * was one that could still serve.
     */
    boolean retire() {
        retirements.incrementAndGet();
        DataKey key = current;
        if (key == null || key.retired()) {
            return false;
        }
        key.retire();
        return true;
    }

    /** About how many messages the present key's epochs have sealed. */
    long sealedMessages() {
        DataKey key = current;
        return key == null ? 0 : key.sealedMessages();
    }

    /** Wipes a key that is past its age and what an outage adds to it, so that an idle target holds nothing. */
    void sweep() {
        DataKey key = current;
        if (key != null && !key.kept(parameters.time().now())) {
            key.close();
        }
    }

    @Override
    public void close() {
        closed = true;
        DataKey key = current;
        if (key != null) {
            key.close();
        }
    }
}
