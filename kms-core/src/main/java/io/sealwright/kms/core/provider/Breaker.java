package io.sealwright.kms.core.provider;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.sealwright.kms.spi.TimeSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One master key's circuit breaker: after enough calls without an answer it lets none through, and one from time to time to
 * see. It opens on the absence of answers alone; whatever the provider says, it is there. What becomes of a call is told
 * once, by whoever notices first: the call itself or its deadline, so that a call that never ends does not hold the one
 * place for a trial.
 */
final class Breaker {
    /** Calls that are looked at. */
    private static final int WINDOW = 10;

    /** Calls that must have been made: two lost answers are no outage. */
    private static final int LEAST_CALLS = 5;

    /** Percent of them without an answer. */
    private static final float RATE = 50;

    /** Until the next trial: soon enough for a short outage, seldom enough for a server that starts. */
    static final Duration PAUSE = Duration.ofSeconds(5);

    private final CircuitBreaker breaker;
    private final AtomicBoolean told = new AtomicBoolean();
    private final Consumer<Boolean> listener;

    /** @param listener told true when it opens, false when it closes */
    Breaker(String name, TimeSource time, Consumer<Boolean> listener) {
        this.listener = listener;
        Clock clock = new MonotonicClock(time, time.nanoTime());
        this.breaker = CircuitBreaker.of(
                name,
                CircuitBreakerConfig.custom()
                        .slidingWindowType(SlidingWindowType.COUNT_BASED)
                        .slidingWindowSize(WINDOW)
                        .minimumNumberOfCalls(LEAST_CALLS)
                        .failureRateThreshold(RATE)
                        .waitDurationInOpenState(PAUSE)
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .automaticTransitionFromOpenToHalfOpenEnabled(false)
                        .clock(clock)
                        .currentTimestampFunction(any -> time.nanoTime(), TimeUnit.NANOSECONDS)
                        .writableStackTraceEnabled(false)
                        .build());
    }

    /** Whether calls fail at once now. */
    boolean open() {
        return told.get();
    }

    /** Lets a call through, or returns null. */
    @Nullable
    Permit enter() {
        if (!breaker.tryAcquirePermission()) {
            return null;
        }
        return new Permit(breaker.getState() == CircuitBreaker.State.HALF_OPEN);
    }

    /** One call's; exactly one of its methods counts, the first. */
    final class Permit {
        private final boolean trial;
        private final AtomicBoolean settled = new AtomicBoolean();

        private Permit(boolean trial) {
            this.trial = trial;
        }

        /** The provider said something. */
        void answered() {
            if (settled.compareAndSet(false, true)) {
                breaker.onSuccess(0, TimeUnit.NANOSECONDS);
                tell();
            }
        }

        /** The provider said nothing, though it should have. */
        void unanswered() {
            if (settled.compareAndSet(false, true)) {
                breaker.onError(0, TimeUnit.NANOSECONDS, new NoAnswer());
                tell();
            }
        }

        /** What came of it tells nothing about the provider. */
        void neutral() {
            if (settled.compareAndSet(false, true) && trial) {
                breaker.releasePermission();
            }
        }
    }

    /** The library asks for a reason; nobody reads it. */
    private static final class NoAnswer extends Exception {
        private static final long serialVersionUID = 1L;

        NoAnswer() {
            super(null, null, false, false);
        }
    }

    private void tell() {
        boolean open = breaker.getState() == CircuitBreaker.State.OPEN
                || told.get() && breaker.getState() == CircuitBreaker.State.HALF_OPEN;
        if (told.compareAndSet(!open, open)) {
            listener.accept(open);
        }
    }

    /** The library waits by a clock of the day, which operators and time servers set back; this one they do not. */
    private static final class MonotonicClock extends Clock {
        private final TimeSource time;
        private final long zero;

        MonotonicClock(TimeSource time, long zero) {
            this.time = time;
            this.zero = zero;
        }

        @Override
        public Instant instant() {
            return Instant.EPOCH.plusNanos(time.nanoTime() - zero);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
