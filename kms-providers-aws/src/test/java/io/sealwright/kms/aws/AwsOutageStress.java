package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Threads seal and open without pause while KMS is gone, stalls, throttles, drips, is behind a portal, and does not accept
 * the credentials any more. Size: {@code -Dkms.proof}; 5 minutes when whole, once round at least.
 */
@Timeout(600)
class AwsOutageStress {
    private static final Duration WHOLE = Duration.ofMinutes(5);
    private static final int THREADS = 4;
    private static final int CONTEXTS = 4;
    private static final Duration DEADLINE = Duration.ofMillis(1_500);

    /** A data key serves so long; then it is made anew, so that KMS is asked all the time. */
    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    /** It must be back by itself so soon after KMS is; the breaker tries every few seconds. */
    private static final Duration BACK_WITHIN = Duration.ofSeconds(30);

    private static final List<Situation> TROUBLES = List.of(
            Situation.UNREACHABLE,
            Situation.SILENT,
            Situation.THROTTLED,
            Situation.DRIPPING,
            Situation.FOREIGN_PAGE,
            Situation.DEAD_CREDENTIALS);

    /** A message, and what is in it. */
    private record Sealed(byte[] message, String text, int context) {}

    private final AwsFake aws = new AwsFake();
    private final String arn = aws.kms().createKey();
    private final Random random = new Random(20_261_121);
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sealed> kept = new ConcurrentLinkedQueue<>();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong slowest = new AtomicLong();
    private final Set<Situation> served = ConcurrentHashMap.newKeySet();
    private volatile Situation now = Situation.UNREACHABLE;
    private volatile boolean done;

    @AfterEach
    void close() {
        aws.close();
    }

    private KeyManager manager(Duration window) {
        return KeyManager.builder()
                .masterKey(AwsKms.masterKey(Fakes.options(aws).timeout(DEADLINE).build(), arn))
                .dataKeys(p -> p.maxAge(MAX_AGE))
                .outage(o -> o.encryptFor(window).decryptFor(window))
                .deadline(DEADLINE)
                .listener(event -> {
                    if (event instanceof KmsEvent.OutageServing outage && outage.serving()) {
                        served.add(now);
                    }
                })
                .build();
    }

    @Test
    void outage_insideTheWindow_noCallWithALiveKeyFails_andNothingIsLost() throws Exception {
        double proof = Double.parseDouble(System.getProperty("kms.proof", "0.01"));
        Duration size = Duration.ofMillis((long) (WHOLE.toMillis() * proof));
        Set<Situation> seen = EnumSet.noneOf(Situation.class);
        long outages = 0;
        long sealedInAll = 0;
        aws.remember(false);
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            for (int context = 0; context < CONTEXTS; context++) {
                Sealed warm = seal(kms, context, "warm");
                assertThat(open(kms, warm)).isEqualTo("warm");
                kept.add(warm);
            }
            List<Sealed> live = List.copyOf(kept);
            ExecutorService pool = Executors.newFixedThreadPool(THREADS);
            List<Future<Long>> workers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int seed = i;
                workers.add(pool.submit(() -> work(kms, live, new Random(seed))));
            }
            try {
                long end = System.nanoTime() + size.toNanos();
                while (seen.size() < TROUBLES.size() || System.nanoTime() - end < 0) {
                    now = TROUBLES.get((int) (outages++ % TROUBLES.size()));
                    aws.bringAbout(now);
                    // Longer than data keys live and a call takes, so that each is asked for anew in vain.
                    TimeUnit.NANOSECONDS.sleep(MAX_AGE.plus(DEADLINE)
                            .plusMillis(200 + random.nextInt(800))
                            .toNanos());
                    aws.recover();
                    awaitAnswers(kms);
                    seen.add(now);
                }
            } finally {
                done = true;
                pool.shutdown();
            }
            for (Future<Long> worker : workers) {
                sealedInAll += worker.get(60, TimeUnit.SECONDS);
            }
        }
        try (KeyManager other = manager(Duration.ZERO)) {
            for (Sealed one : kept) {
                assertThat(open(other, one)).isEqualTo(one.text());
            }
        }
        System.out.printf(
                "%d outages, keys served past their age while %s; %d calls, %d messages sealed, %d of them opened by another"
                        + " manager afterwards; slowest call %d ms; %d requests to KMS%n",
                outages,
                served,
                calls.get(),
                sealedInAll,
                kept.size(),
                TimeUnit.NANOSECONDS.toMillis(slowest.get()),
                aws.calls());
        assertThat(faults).isEmpty();
        assertThat(served).as("outages that were ridden out").containsExactlyInAnyOrderElementsOf(TROUBLES);
    }

    /** With small pauses: what is to be seen is time, not speed. */
    private long work(KeyManager kms, List<Sealed> live, Random mine) throws InterruptedException {
        long sealedHere = 0;
        while (!done) {
            int context = mine.nextInt(CONTEXTS);
            Sealed fresh = tried("seal", () -> seal(kms, context, "text " + mine.nextInt()));
            if (fresh != null && sealedHere++ % 500 == 0) {
                kept.add(fresh);
            }
            Sealed old = live.get(mine.nextInt(live.size()));
            String text = tried("open what was opened before", () -> open(kms, old));
            if (text != null && !text.equals(old.text())) {
                faults.add("another text came back");
            }
            TimeUnit.MICROSECONDS.sleep(200);
        }
        return sealedHere;
    }

    private <T> T tried(String what, Supplier<T> call) {
        long from = System.nanoTime();
        try {
            calls.incrementAndGet();
            return call.get();
        } catch (RuntimeException e) {
            faults.add(what + " while " + now + ": " + e);
            return null;
        } finally {
            slowest.accumulateAndGet(System.nanoTime() - from, Math::max);
        }
    }

    private static Sealed seal(KeyManager kms, int context, String text) {
        return new Sealed(kms.encrypt(text).context("tenant", "t" + context).toBytes(), text, context);
    }

    private static String open(KeyManager kms, Sealed one) {
        return kms.decrypt(one.message()).context("tenant", "t" + one.context()).toText();
    }

    private static void awaitAnswers(KeyManager kms) throws InterruptedException {
        long end = System.nanoTime() + BACK_WITHIN.toNanos();
        while (!kms.health().healthy()) {
            assertThat(System.nanoTime() - end).as("it comes back by itself").isNegative();
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    @Test
    void outage_pastTheWindow_oneTypedErrorWithinTheDeadline_andBackByItself() throws Exception {
        try (KeyManager kms = manager(Duration.ZERO)) {
            Sealed one = seal(kms, 0, "text");
            assertThat(open(kms, one)).isEqualTo("text");
            aws.bringAbout(Situation.SILENT);
            TimeUnit.NANOSECONDS.sleep(MAX_AGE.plusMillis(500).toNanos());
            for (Supplier<?> call : List.<Supplier<?>>of(() -> seal(kms, 0, "x"), () -> open(kms, one))) {
                long from = System.nanoTime();
                assertThatThrownBy(call::get).isInstanceOf(UnavailableException.class);
                assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(DEADLINE.plusSeconds(10));
            }
            aws.recover();
            awaitAnswers(kms);
            assertThat(open(kms, one)).isEqualTo("text");
            assertThat(open(kms, seal(kms, 0, "again"))).isEqualTo("again");
        }
    }

    @Test
    void definiteNo_endsTheKeyInsideTheWindow_andItsEndComesBack() throws Exception {
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            Sealed one = seal(kms, 0, "text");
            assertThat(open(kms, one)).isEqualTo("text");
            aws.kms().disable(arn);
            awaitRefusal(() -> seal(kms, 0, "x"), RefusedException.class);
            awaitRefusal(() -> open(kms, one), RefusedException.class);
            aws.kms().enable(arn);
            awaitText(kms, one);
            aws.policy("{\"Version\":\"2012-10-17\",\"Statement\":[]}");
            awaitRefusal(() -> seal(kms, 0, "x"), PermissionDeniedException.class);
            awaitRefusal(() -> open(kms, one), PermissionDeniedException.class);
        }
    }

    private static void awaitRefusal(Supplier<?> call, Class<? extends KmsException> expected) throws Exception {
        long end = System.nanoTime() + BACK_WITHIN.toNanos();
        while (System.nanoTime() - end < 0) {
            try {
                Object unused = call.get();
            } catch (KmsException e) {
                assertThat(e).isInstanceOf(expected);
                return;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new AssertionError("it went on although KMS had said no");
    }

    private static void awaitText(KeyManager kms, Sealed one) throws Exception {
        long end = System.nanoTime() + BACK_WITHIN.toNanos();
        while (true) {
            try {
                assertThat(open(kms, one)).isEqualTo(one.text());
                return;
            } catch (KmsException e) {
                assertThat(e.code()).isIn(ErrorCode.KMS_KEY_STATE_REFUSED, ErrorCode.KMS_UNAVAILABLE);
                assertThat(System.nanoTime() - end)
                        .as("it comes back by itself")
                        .isNegative();
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }
}
