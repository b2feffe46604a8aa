package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.passphrase.PassphraseRing;
import io.sealwright.kms.core.provider.FetchedKey;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.core.wrapping.KeyRing;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A master key of what a {@link SecretSource} gives. Fetched at the first call, kept, and fetched again in the background
 * from {@code refreshAfter} on; past {@code maxAge} it serves only after a look of its own found no answer, inside the
 * window of {@link io.sealwright.kms.OutagePolicy} counted from the last success, and nobody waits meanwhile. A definite
 * no wipes it at once. Recognised by key check alone, so that renaming a variable or a secret orphans nothing.
 */
public final class SecretMasterKey implements MasterKey, FetchedKey {
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

    private static final int KEY_BYTES = 32;

    /** What is held, and when its fetch began. */
    private record Held(HeldSecrets secrets, long fetchedAt) {}

    /** The last look that failed, if none has succeeded since. */
    private record Failure(RuntimeException error, long at) {}

    private final SecretSource source;
    private final PassphraseRing stretched;
    private final TimeSource time;
    private final long refreshAfter;
    private final long maxAge;
    private final long sealFor;
    private final long openFor;
    private final CloneSafeRandom random = new CloneSafeRandom();
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
     * @param source closed with this key
     */
    public SecretMasterKey(SecretSource source, PassphrasePolicy passphrases, ProviderSettings settings) {
        this.source = source;
        this.stretched = new PassphraseRing(passphrases);
        this.time = settings.time();
        this.refreshAfter = settings.dataKeys().refreshAfter().toNanos();
        this.maxAge = settings.dataKeys().maxAge().toNanos();
        this.sealFor = Math.max(maxAge, settings.outage().encryptFor().toNanos());
        this.openFor = Math.max(maxAge, settings.outage().decryptFor().toNanos());
    }

    @Override
    public String uri() {
        return source.uri();
    }

    /** Whether what is held serves without a look at the source, and without stretching a passphrase. */
    @Override
    public boolean inProcess() {
        Held now = held;
        return now != null
                && !now.secrets().hasPassphrases()
                && serves(now, time.nanoTime(), Math.min(sealFor, openFor));
    }

    @Override
    public boolean servesFromMemory(Operation operation) {
        long window = switch (operation) {
            case UNWRAP -> openFor;
            case GENERATE, WRAP -> sealFor;
            case REFRESH, CHECK, ROTATE -> 0;
        };
        Held now = held;
        return window > 0 && now != null && serves(now, time.nanoTime(), window);
    }

    @Override
    public @Nullable KmsException takeEnd() {
        return end.get() == null ? null : end.getAndSet(null);
    }

    /** False while nothing has been fetched: the engine then has it refreshed, and asks once more. */
    @Override
    public boolean recognizes(Recipient recipient) {
        Held now = held;
        return now != null && now.secrets().recognizes(recipient);
    }

    @Override
    public boolean mightRecognize(Recipient recipient) {
        return held == null && isOfASecret(recipient);
    }

    @Override
    public boolean mightBeNewer(Recipient recipient) {
        return held != null && isOfASecret(recipient) && !recognizes(recipient);
    }

    private static boolean isOfASecret(Recipient recipient) {
        return KeyRing.isOne(recipient) || PassphraseRing.isOne(recipient);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        Held now = held;
        return now != null && now.secrets().isOutdated(recipient, stretched);
    }

    /** Tells whether a look in the background is due. Does not block. */
    public boolean isDue() {
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

    /** Tells whether looks at the source stay on this machine. */
    public boolean onThisMachine() {
        return source.onThisMachine();
    }

    @Override
    public @Nullable UnavailableException unansweredJustNow() {
        Failure last = failure;
        return last != null && time.nanoTime() - last.at() < RECENT_NANOS ? unanswered() : null;
    }

    @Override
    public long confirmedAt() {
        Held now = held;
        return now == null ? time.nanoTime() : now.fetchedAt();
    }

    @Override
    public @Nullable UnavailableException unanswered() {
        Held now = held;
        Failure last = failure;
        boolean pastAge = now != null && time.nanoTime() - now.fetchedAt() >= maxAge;
        if (!pastAge || last == null || !isNoAnswer(last.error())) {
            return null;
        }
        return last.error() instanceof UnavailableException unavailable ? unavailable : late(last.error());
    }

    /** Tells whether a passphrase wraps; fetches it if that has not been done. May block. */
    public boolean wrapsWithPassphrase() {
        return serving(sealFor).secrets().wrapsWithPassphrase();
    }

    @Override
    public boolean refresh() {
        Held before = held;
        demandNoFailureJustNow();
        Held after = fetch(before);
        return before == null || !before.secrets().same(after.secrets());
    }

    @Override
    public GeneratedKey generate(WrapBinding binding) {
        byte[] fresh = new byte[KEY_BYTES];
        random.nextBytes(fresh);
        SecretBytes key = SecretBytes.owning(fresh);
        try {
            return new GeneratedKey(key, wrap(key, binding));
        } catch (RuntimeException | Error e) {
            key.close();
            throw e;
        }
    }

    @Override
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        return using(sealFor, secrets -> secrets.wrap(key, binding, stretched));
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        return using(openFor, secrets -> secrets.unwrap(recipient, binding, stretched));
    }

    /** Asks the source, which tells what it is. */
    @Override
    public String check() {
        requireOpen();
        refresh();
        return source.check();
    }

    @Override
    public MasterKeyMetadata metadata() {
        requireOpen();
        try (SecretVersions there = source.fetch()) {
            return SecretFacts.of(uri(), there);
        }
    }

    /**
     * Puts a new key into the source, from where every process gets it. That it could not be read back at once is no failure.
     *
     * @return the new version's id, 32 hex digits
     */
    @Override
    public String rotate() {
        requireOpen();
        String revision;
        try (SecretVersions there = source.fetch()) {
            revision = there.revision();
        }
        String id = write(source, random, revision);
        try {
            refresh();
        } catch (CallInterruptedException e) {
            Thread.currentThread().interrupt(); // for whoever waits; the key is written
        } catch (RuntimeException e) {
            // It is written: whoever were told of a failure would rotate once more. The next fetch brings it.
        }
        return id;
    }

    /**
     * Puts a first key into a source that has none.
     *
     * @return whether it did; false if there is a key already, be it of another process in the same moment
     */
    public static boolean createIfMissing(SecretSource source) {
        try (SecretVersions there = source.fetch()) {
            return false;
        } catch (KeyNotFoundException e) {
            return createOrFind(source);
        }
    }

    private static boolean createOrFind(SecretSource source) {
        try {
            write(source, new CloneSafeRandom(), "");
            return true;
        } catch (StoreException e) {
            if (e.code() != ErrorCode.KMS_STORE_CONFLICT) {
                throw e;
            }
            try (SecretVersions there = source.fetch()) {
                return false;
            } catch (KeyNotFoundException deleted) {
                throw e; // something is there that gives no key, as a secret that was deleted
            }
        }
    }

    private static String write(SecretSource source, CloneSafeRandom random, String revision) {
        byte[] fresh = new byte[KEY_BYTES];
        random.nextBytes(fresh);
        try (SecretBytes key = SecretBytes.owning(fresh);
                WrappingKey derived = WrappingKey.bare(key)) {
            source.write(key, revision);
            return HexFormat.of().formatHex(derived.versionId());
        }
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
        stretched.close();
        source.close();
    }

    @Override
    public String toString() {
        return "SecretMasterKey[" + uri() + "]";
    }

    // ---- what is held

    /** Uses what is held; what was wiped between look and use, because the source has it no more, is looked for again. */
    private <T> T using(long window, Function<HeldSecrets, T> use) {
        Held now = serving(window);
        try {
            return use.apply(now.secrets());
        } catch (ClosedException e) {
            requireOpen();
            return use.apply(serving(window).secrets());
        }
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
                    "The wait for " + uri() + " was interrupted.",
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
                uri() + " gave no answer in time.",
                "The secret store is slow, hangs, or cannot be reached.",
                "Repeat the call; check the store and the network, or set a longer deadline.",
                cause);
    }

    /** Tells whether the source's versions are in memory, so that {@link #recognizes} can tell. */
    public boolean isHeld() {
        return held != null;
    }

    private void requireOpen() {
        if (closed) {
            throw closedException();
        }
    }

    private ClosedException closedException() {
        return new ClosedException(
                "The key " + uri() + " was closed.",
                "The manager that it belongs to was closed.",
                "Open a new KeyManager, or keep the old one open until the last call has ended.");
    }
}
