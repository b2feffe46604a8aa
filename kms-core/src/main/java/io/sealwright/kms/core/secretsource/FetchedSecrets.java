package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.core.passphrase.PassphraseRing;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link SecretSource} gave last, how long it serves, and when it is fetched again: one thread asks, and the others
 * share its answer. A definite no wipes it at once. Safe for concurrent use.
 */
final class FetchedSecrets implements AutoCloseable {
    /** A source on this machine is looked at this often: a file may have changed. */
    static final long LOCAL_LOOK_NANOS = Duration.ofSeconds(5).toNanos();

    /** After a look in the background that failed, and after a definite no, the next look comes no sooner. */
    static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    /** What a look found is known for so long: looks in the background come more often. */
    private static final long RECENT_NANOS = 2 * PAUSE_NANOS;

    /** After no answer, others get the same error for so long: less than the engine waits before it repeats a call. */
    static final long SHARED_NANOS = Duration.ofMillis(40).toNanos();

    /** Between the engine's question whether a call will block and the call itself. */
    private static final long GRACE_NANOS = Duration.ofMillis(250).toNanos();

    /** What is held, and when its fetch began. */
    private record Held(HeldSecrets secrets, long fetchedAt) {}

    /** The last look that failed, if none has succeeded since. */
    private record Failure(RuntimeException error, long at) {}

    private final SecretSource source;
    private final PassphraseRing stretched;
    private final TimeSource time;
    private final long refreshAfter;
    private final long maxAge;
    private final ReentrantLock fetching = new ReentrantLock(); // held during a fetch
    private final Object adopting = new Object(); // held for the exchange of held alone, never around I/O

    /** The definite no that dropped what was held, until somebody takes it. */
    private final AtomicReference<@Nullable KmsException> end = new AtomicReference<>();

    private volatile @Nullable Held held; // written under adopting
    private volatile @Nullable Failure failure; // written under fetching
    private volatile boolean closed; // written under adopting

    /**
     * Asks nothing yet.
     *
     * @param source not closed here
     * @param stretched forgets the passphrases that are given up; not closed here
     */
    FetchedSecrets(SecretSource source, PassphraseRing stretched, ProviderSettings settings) {
        this.source = source;
        this.stretched = stretched;
        this.time = settings.time();
        this.refreshAfter = settings.dataKeys().refreshAfter().toNanos();
        this.maxAge = settings.dataKeys().maxAge().toNanos();
    }

    /** What is in memory, be it past its age; null before the first fetch and after a definite no. */
    @Nullable
    HeldSecrets held() {
        Held now = held;
        return now == null ? null : now.secrets();
    }

    /** What serves without a look at the source; null if that takes one. */
    @Nullable
    HeldSecrets atHand(long window) {
        Held now = held;
        return now != null && serves(now, time.nanoTime(), window) ? now.secrets() : null;
    }

    /** The definite no that ended what was held; once. */
    @Nullable
    KmsException takeEnd() {
        return end.get() == null ? null : end.getAndSet(null);
    }

    /** Tells whether a look in the background is due. Does not block. */
    boolean isDue() {
        Held now = held;
        if (now == null || closed || fetching.isLocked()) {
            return false;
        }
        long at = time.nanoTime();
        Failure last = failure;
        if (last != null && at - last.at() < PAUSE_NANOS) {
            return false;
        }
        long after = source.onThisMachine() ? Math.min(LOCAL_LOOK_NANOS, refreshAfter) : refreshAfter;
        return at - now.fetchedAt() >= after;
    }

    /** See {@link io.sealwright.kms.core.provider.FetchedKey#unansweredJustNow}. */
    @Nullable
    UnavailableException unansweredJustNow() {
        Failure last = failure;
        return last != null && time.nanoTime() - last.at() < RECENT_NANOS ? unanswered() : null;
    }

    /** When the last fetch that succeeded began; now, if there was none. */
    long confirmedAt() {
        Held now = held;
        return now == null ? time.nanoTime() : now.fetchedAt();
    }

    /** Why what is past its age could not be fetched again; null if it is not past it, or an answer came. */
    @Nullable
    UnavailableException unanswered() {
        Held now = held;
        Failure last = failure;
        boolean pastAge = now != null && time.nanoTime() - now.fetchedAt() >= maxAge;
        if (!pastAge || last == null || !isNoAnswer(last.error())) {
            return null;
        }
        return last.error() instanceof UnavailableException unavailable ? unavailable : late(last.error());
    }

    /** Fetches, unless somebody failed just now; tells whether anything is another than before. */
    boolean refresh() {
        Held before = held;
        demandNoFailureJustNow();
        Held after = fetch(before);
        return before == null || !before.secrets().same(after.secrets());
    }

    @Override
    public void close() {
        synchronized (adopting) {
            closed = true;
            Held now = held;
            held = null;
            if (now != null) {
                now.secrets().closeBut(null, stretched);
            }
        }
    }

    /** Uses what is held; what was wiped between look and use, because the source has it no more, is looked for again. */
    <T> T using(long window, Function<HeldSecrets, T> use) {
        Held now = serving(window);
        try {
            return use.apply(now.secrets());
        } catch (ClosedException e) {
            requireOpen();
            return use.apply(serving(window).secrets());
        }
    }

    /** What serves now, fetched if it must be. */
    HeldSecrets secrets(long window) {
        return serving(window).secrets();
    }

    private Held serving(long window) {
        requireOpen();
        Held now = held;
        long at = time.nanoTime();
        if (now != null && serves(now, at, window)) {
            return now;
        }
        try {
            demandNoFailureJustNow();
            return fetch(now);
        } catch (RuntimeException e) {
            Held there = held; // none after a definite no
            if (there != null && serves(there, time.nanoTime(), window)) {
                return there;
            }
            throw e;
        }
    }

    /** Whoever asks a moment after another one gets that one's answer. */
    private void demandNoFailureJustNow() {
        Failure last = failure;
        if (last != null) {
            long pause = Verdicts.isDefiniteNo(last.error()) ? PAUSE_NANOS : SHARED_NANOS;
            if (time.nanoTime() - last.at() < pause) {
                throw last.error();
            }
        }
    }

    private boolean serves(Held now, long at, long window) {
        long age = at - now.fetchedAt();
        Failure last = failure;
        boolean unanswered = last != null && last.at() - now.fetchedAt() > 0 && isNoAnswer(last.error());
        return age < (unanswered ? window : maxAge) + GRACE_NANOS;
    }

    /** Whether that prolongs: what a store gave that is no key is an answer; a file that is being replaced is not. */
    private boolean isNoAnswer(RuntimeException e) {
        return source.onThisMachine() || Verdicts.isNoAnswer(e) || !(e instanceof KmsException);
    }

    /** Asks the source, or waits for whoever does. */
    private Held fetch(@Nullable Held before) {
        try {
            fetching.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CallInterruptedException(
                    "The wait for " + source.uri() + " was interrupted.",
                    "Another thread asked this one to stop, or its deadline passed.",
                    "Nothing is lost; repeat the call if it is still wanted.",
                    e);
        }
        try {
            requireOpen();
            Held there = held;
            if (there != null && there != before) {
                return there; // somebody fetched while this thread waited
            }
            demandNoFailureJustNow();
            return asked();
        } finally {
            fetching.unlock();
        }
    }

    private Held asked() {
        long begun = time.nanoTime();
        try (SecretVersions versions = source.fetch()) {
            Held fresh = adopt(versions, begun);
            failure = null;
            return fresh;
        } catch (RuntimeException e) {
            if (!source.onThisMachine() && Verdicts.isDefiniteNo(e)) { // a file that is missing is nobody's answer
                drop(e);
            }
            failure = new Failure(e instanceof CallInterruptedException ? late(e) : e, time.nanoTime());
            throw e;
        }
    }

    private Held adopt(SecretVersions versions, long begun) {
        Held before = held;
        HeldSecrets secrets = HeldSecrets.of(before == null ? null : before.secrets(), versions);
        Held fresh = new Held(secrets, begun);
        synchronized (adopting) {
            if (closed) {
                secrets.closeBut(null, stretched);
                throw closedException();
            }
            held = fresh;
        }
        if (before != null) {
            before.secrets().closeBut(secrets, stretched);
        }
        return fresh;
    }

    private void drop(RuntimeException no) {
        synchronized (adopting) {
            Held now = held;
            held = null;
            if (now != null) {
                end.set(no instanceof KmsException known ? known : null);
                now.secrets().closeBut(null, stretched);
            }
        }
    }

    /** What others are told for a while of a fetch that its deadline interrupted. */
    private UnavailableException late(RuntimeException cause) {
        return new UnavailableException(
                source.uri() + " gave no answer in time.",
                "The secret store is slow, hangs, or cannot be reached.",
                "Repeat the call; check the store and the network, or set a longer deadline.",
                cause);
    }

    void requireOpen() {
        if (closed) {
            throw closedException();
        }
    }

    private ClosedException closedException() {
        return new ClosedException(
                "The key " + source.uri() + " was closed.",
                "The manager that it belongs to was closed.",
                "Open a new KeyManager, or keep the old one open until the last call has ended.");
    }
}
