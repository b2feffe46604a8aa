package io.sealwright.kms.core.provider;

import io.github.resilience4j.core.IntervalFunction;
import io.sealwright.kms.MasterKeyMetrics;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands between this process and one master key whose calls may block: places, so that one that hangs holds a bounded
 * number of threads; attempts, which share the deadline; a breaker; an event for what happened; counters.
 */
final class Guard {
    private static final Logger LOG = LoggerFactory.getLogger(Guard.class);

    /** Calls under way to one key, for sealing, opening and checking apart, so that a flood of one does not starve the others. */
    static final int MOST_CALLS = 16;

    /** Threads that wait for a place among them; more are refused at once. */
    static final int MOST_WAITING = 48;

    /** The part of a deadline, one in so many, below which an attempt had too little time to be judged by. */
    private static final int LEAST_SHARE = 10;

    /** Half to one and a half times 100 ms, 200 ms, 400 ms … 2 s: many processes do not come back at one moment. */
    private static final IntervalFunction PAUSES =
            IntervalFunction.ofExponentialRandomBackoff(Duration.ofMillis(100), 2, 0.5, Duration.ofSeconds(2));

    private final MasterKey key;
    private final ProviderCalls calls;
    private final int attempts;
    private final Events events;
    private final Outages outages;
    private final TimeSource time;
    private final Breaker breaker;
    private final Places sealing = new Places(MOST_CALLS, MOST_WAITING);
    private final Places opening = new Places(MOST_CALLS, MOST_WAITING);
    private final Places checking = new Places(MOST_CALLS, MOST_WAITING);
    private volatile boolean silent;

    private final LongAdder made = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder unanswered = new LongAdder();
    private final LongAdder retried = new LongAdder();
    private final LongAdder refusedByBreaker = new LongAdder();
    private final LongAdder overloaded = new LongAdder();
    private final LongAdder tookNanos = new LongAdder();
    private final AtomicLong longestNanos = new AtomicLong();

    Guard(MasterKey key, ProviderCalls calls, int attempts, Events events, Outages outages, TimeSource time) {
        this.key = key;
        this.calls = calls;
        this.attempts = attempts;
        this.events = events;
        this.outages = outages;
        this.time = time;
        this.breaker = new Breaker(key.uri(), time, open -> {
            LOG.warn(
                    open ? "{} does not answer; calls fail at once until it does" : "{} is called again as usual",
                    key.uri());
            events.tell(new KmsEvent.BreakerChanged(time.instant(), key.uri(), open));
        });
    }

    /** Whether the last thing heard of the key was nothing. */
    boolean silent() {
        return silent;
    }

    <T> T invoke(Operation operation, Standing standing, Supplier<@Nullable T> call) {
        Places places = standing == Standing.PROVEN ? checking : operation == Operation.UNWRAP ? opening : sealing;
        enter(operation, places);
        long from = time.nanoTime();
        ErrorCode outcome = null;
        boolean begun = false;
        try {
            if (key instanceof FetchedKey fetched && fetched.servesFromMemory(operation)) {
                // Nobody is asked, so nothing is heard of the provider; and stretching a passphrase again would not be
                // faster: one attempt with all the time there is.
                begun = true;
                return answered(key, operation, call);
            }
            Breaker.Permit permit = breaker.enter();
            if (permit == null) {
                throw refused(operation);
            }
            begun = true;
            return attempts(operation, standing, call, permit);
        } catch (KmsException e) {
            outcome = e.code();
            throw e;
        } finally {
            places.leave();
            if (begun) {
                long took = time.nanoTime() - from;
                count(outcome, took);
                events.tell(new KmsEvent.ProviderCall(
                        time.instant(), name(operation), key.uri(), outcome, Duration.ofNanos(took)));
            }
        }
    }

    private void count(@Nullable ErrorCode outcome, long took) {
        made.increment();
        tookNanos.add(took);
        longestNanos.accumulateAndGet(took, Math::max);
        if (outcome != null) {
            failed.increment();
            if (outcome == ErrorCode.KMS_UNAVAILABLE) {
                unanswered.increment();
            }
        }
    }

    private <T> T attempts(
            Operation operation, Standing standing, Supplier<@Nullable T> call, Breaker.Permit firstPermit) {
        // What may have been done although no answer came is not done again: a rotation would make two versions.
        int most = operation == Operation.ROTATE ? 1 : attempts;
        Breaker.Permit permit = firstPermit;
        UnavailableException said = null;
        for (int attempt = 1; ; attempt++) {
            calls.asking(name(operation) + " with " + key.uri(), said);
            try {
                T answer = attempt(operation, standing, call, permit, share(attempt, most, standing));
                heard();
                return answer;
            } catch (UnavailableException e) {
                silent = true;
                // What the provider's module says of it tells more than that its time was over.
                said = said != null && e.getCause() instanceof CallInterruptedException ? said : e;
                long pause = attempt < most ? PAUSES.apply(attempt) : 0;
                if (attempt == most || calls.ending() || calls.remaining() <= TimeUnit.MILLISECONDS.toNanos(pause)) {
                    throw said;
                }
                retried.increment();
                LOG.debug("{} with {} got no answer; again in {} ms", name(operation), key.uri(), pause);
                events.tell(new KmsEvent.ProviderRetried(
                        time.instant(), name(operation), key.uri(), attempt, Duration.ofMillis(pause)));
                pause(operation, pause);
                permit = breaker.enter();
                if (permit == null) {
                    throw said; // it opened meanwhile: this answer is as good as its
                }
            } catch (CallInterruptedException e) {
                throw e;
            } catch (KmsException e) {
                heard();
                throw e;
            }
        }
    }

    private void heard() {
        silent = false;
        outages.answered(key.uri());
    }

    /** Earlier attempts get more of what is left than later ones: a slow answer is better than three that were cut. */
    private long share(int attempt, int most, Standing standing) {
        int left = most - attempt + 1;
        if (left > 1) {
            return Math.max(1, calls.remaining() / (left + 1) * 2);
        }
        // A check ends a little before the deadline of those who wait for it, so that they get what serves without it.
        return standing == Standing.PROVEN ? Math.max(1, calls.remaining() / 5 * 4) : 0;
    }

    /** One call, its outcome told to the breaker; cut short when its share of the deadline is over. */
    private <T> T attempt(
            Operation operation, Standing standing, Supplier<@Nullable T> call, Breaker.Permit permit, long share) {
        boolean foreign = operation == Operation.UNWRAP && standing == Standing.NEW;
        // That nobody answers in the last moments of a deadline says little of the provider.
        long time = share == 0 ? calls.remaining() : share;
        boolean silenceTells = !foreign && time >= calls.deadline().toNanos() / LEAST_SHARE;
        calls.atDeadline(silenceTells ? permit::unanswered : permit::neutral);
        try {
            T answer = share == 0
                    ? answered(key, operation, call)
                    : Cut.run(
                            calls, name(operation) + " with " + key.uri(), share, () -> answered(key, operation, call));
            permit.answered();
            return answer;
        } catch (KmsException e) {
            if (foreign || e instanceof CallInterruptedException && !calls.ending()) {
                // What a stranger's wrap brings about must not cut us off from the provider.
                permit.neutral();
            } else if (!(e instanceof UnavailableException || e instanceof CallInterruptedException)) {
                permit.answered();
            } else if (silenceTells) {
                permit.unanswered();
            }
            throw e;
        } finally {
            permit.neutral();
            calls.atDeadline(null);
        }
    }

    /** The answer, typed; null is none. */
    static <T> T answered(MasterKey key, Operation operation, Supplier<@Nullable T> call) {
        String what = name(operation) + " with " + key.uri();
        T answer;
        try {
            answer = call.get();
        } catch (Throwable e) {
            throw ProviderCalls.typed(what, e);
        }
        if (answer == null) {
            throw new UnavailableException(
                    "The provider gave no usable answer: " + what + ".",
                    "It returned nothing where a key was due.",
                    "Check that the provider module fits this release; repeating may help.");
        }
        return answer;
    }

    private void enter(Operation operation, Places places) {
        try {
            if (places.take(Math.max(0, calls.remaining()))) {
                return;
            }
        } catch (InterruptedException e) {
            throw interrupted(operation, e);
        }
        overloaded.increment();
        throw new OverloadedException(
                "The call was not begun: " + name(operation) + " with " + key.uri() + ".",
                MOST_CALLS + " such calls are under way already, and others wait.",
                "Repeat it later; if this goes on, look at the provider's latency and at how many distinct encryption"
                        + " contexts are used.");
    }

    private void pause(Operation operation, long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            throw interrupted(operation, e);
        }
    }

    private CallInterruptedException interrupted(Operation operation, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "The wait was interrupted: " + name(operation) + " with " + key.uri() + ".",
                "Another thread asked this one to stop, or its deadline passed.",
                "Nothing is lost; repeat the call if it is still wanted.",
                cause);
    }

    private UnavailableException refused(Operation operation) {
        refusedByBreaker.increment();
        return new UnavailableException(
                "The provider was not asked: " + name(operation) + " with " + key.uri() + ".",
                "Most of its last calls got no answer, so it is tried only every " + Breaker.PAUSE.toSeconds()
                        + " seconds.",
                "Repeat the call; check the provider and the network.");
    }

    MasterKeyMetrics metrics() {
        return new MasterKeyMetrics(
                key.uri(),
                made.sum(),
                failed.sum(),
                unanswered.sum(),
                retried.sum(),
                refusedByBreaker.sum(),
                overloaded.sum(),
                Duration.ofNanos(tookNanos.sum()),
                Duration.ofNanos(longestNanos.get()),
                breaker.open(),
                outages.serves(key.uri()));
    }

    static String name(Operation operation) {
        return operation.name().toLowerCase(Locale.ROOT);
    }
}
