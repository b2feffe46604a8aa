package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.KeyServer;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.testkit.proof.Proof;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Eight threads that seal and open while the server behind a real socket blocks, drips, cuts its answers, resets, lies and
 * comes back. Size: {@code -Dkms.proof}; five minutes when whole, 20 seconds at least.
 */
@Timeout(420)
class OutageStress {
    private static final int THREADS = 8;
    private static final byte[] PLAINTEXT = new byte[100];
    private static final Duration DEADLINE = Duration.ofMillis(1500);
    private static final Duration AGE = Duration.ofSeconds(1);
    private static final Duration LATE = Duration.ofSeconds(3); // what a loaded machine may add

    private static final List<Situation> OUTAGES = List.of(
            Situation.SILENT,
            Situation.DRIPPING,
            Situation.SERVER_ERROR,
            Situation.RESET,
            Situation.CUT_ANSWER,
            Situation.FOREIGN_PAGE,
            Situation.UNREACHABLE,
            Situation.THROTTLED,
            Situation.DEAD_CREDENTIALS,
            Situation.BARE_FORBIDDEN,
            Situation.BARE_NOT_FOUND);

    private final KeyServer server = new KeyServer();
    private final List<KmsEvent> events = new CopyOnWriteArrayList<>();
    private final OpenManagers open = new OpenManagers();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicBoolean stop = new AtomicBoolean();

    @AfterEach
    void close() throws InterruptedException {
        stop.set(true);
        server.recover();
        for (Thread thread : threads) {
            thread.join(20_000);
        }
        open.close();
        server.close();
    }

    private KeyManager kms(Duration window) {
        KeyManager kms = KeyManager.builder()
                .masterKey(server.key("stress"))
                .deadline(DEADLINE)
                .dataKeys(p -> p.maxAge(AGE).refreshAfter(AGE.dividedBy(2)))
                .outage(o -> o.encryptFor(window).decryptFor(window))
                .listener(event -> {
                    if (!(event instanceof KmsEvent.ProviderCall)) {
                        events.add(event);
                    }
                })
                .build();
        open.add(kms);
        return kms;
    }

    /** A caller of one hot context: seals, and opens what it opened before. */
    private final class Caller implements Runnable {
        final AtomicLong calls = new AtomicLong();
        final AtomicReference<KmsException> failure = new AtomicReference<>();
        final AtomicLong slowestNanos = new AtomicLong();
        final Map<Class<?>, AtomicLong> failures = new ConcurrentHashMap<>();
        volatile long failedAt; // the first time; set before lastFailed
        volatile boolean lastFailed;
        private final KeyManager kms;
        private final String name;
        private final byte[] message;

        Caller(KeyManager kms, String name) {
            this.kms = kms;
            this.name = name;
            this.message = kms.encrypt(PLAINTEXT).context("caller", name).toBytes();
            open();
        }

        private void open() {
            assertThat(kms.decrypt(message).context("caller", name).toBytes()).isEqualTo(PLAINTEXT);
        }

        @Override
        public void run() {
            while (!stop.get()) {
                long from = System.nanoTime();
                try {
                    kms.encrypt(PLAINTEXT).context("caller", name).toBytes();
                    open();
                    lastFailed = false;
                } catch (KmsException e) {
                    if (failure.compareAndSet(null, e)) {
                        failedAt = System.nanoTime();
                    }
                    lastFailed = true;
                    failures.computeIfAbsent(e.getClass(), c -> new AtomicLong())
                            .incrementAndGet();
                }
                slowestNanos.accumulateAndGet(System.nanoTime() - from, Math::max);
                calls.incrementAndGet();
                pause(2);
            }
        }
    }

    private static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Caller> begin(KeyManager kms) {
        List<Caller> callers = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            callers.add(new Caller(kms, "caller " + i % 4));
        }
        for (Caller caller : callers) {
            start(caller);
        }
        return callers;
    }

    private void start(Runnable work) {
        Thread thread = new Thread(work, "outage-stress");
        threads.add(thread);
        thread.start();
    }

    private static void await(String what, Duration limit, BooleanSupplier done) {
        long end = System.nanoTime() + limit.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as(what).isNegative();
            pause(10);
        }
    }

    private static void noneFailed(List<Caller> callers, Object when) {
        for (Caller caller : callers) {
            assertThat(caller.failure.get())
                    .as("a call with a live key, during %s", when)
                    .isNull();
        }
    }

    private long told(Class<? extends KmsEvent> type) {
        return events.stream().filter(type::isInstance).count();
    }

    private static boolean callsGoOn(List<Caller> callers, long[] before, long more) {
        for (int i = 0; i < callers.size(); i++) {
            if (callers.get(i).calls.get() < before[i] + more) {
                return false;
            }
        }
        return true;
    }

    private static long[] counts(List<Caller> callers) {
        return callers.stream().mapToLong(caller -> caller.calls.get()).toArray();
    }

    @Test
    void insideTheWindow_whateverTheServerDoes_noCallWithALiveKeyFails() {
        KeyManager kms = kms(Duration.ofMinutes(30));
        List<Caller> callers = begin(kms);
        byte[] foreign = kms(Duration.ofMinutes(1))
                .encrypt(PLAINTEXT)
                .context("from", "a stranger")
                .toBytes();
        AtomicLong strangers = new AtomicLong();
        start(() -> {
            while (!stop.get()) {
                byte[] forged = foreign.clone();
                forged[forged.length / 2] ^= (byte) (1 + strangers.getAndIncrement() % 200);
                try {
                    kms.decrypt(forged).context("from", "a stranger").toBytes();
                } catch (KmsException e) {
                    // Refused by one of the typed errors, whichever comes first.
                }
                pause(20);
            }
        });
        long end = System.nanoTime()
                + Proof.of(Duration.ofMinutes(5), Duration.ofSeconds(20)).toNanos();
        int round = 0;
        while (System.nanoTime() - end < 0 || round <= OUTAGES.size()) {
            boolean lies = round % (OUTAGES.size() + 1) == OUTAGES.size();
            Situation now = lies ? null : OUTAGES.get(round % (OUTAGES.size() + 1));
            long[] before = counts(callers);
            if (lies) {
                server.lie(Lie.WRONG_KEY, Operation.UNWRAP);
                server.lie(Lie.FOREIGN_RECIPIENT, Operation.GENERATE);
            } else {
                server.bringAbout(now);
            }
            pause(1_700); // longer than the keys' age
            noneFailed(callers, lies ? "lies" : now);
            // Five calls that wait for a check each would take longer than this and the pause.
            await("calls go on during " + now, Duration.ofSeconds(4), () -> callsGoOn(callers, before, 5));
            server.recover();
            pause(300);
            round++;
        }
        noneFailed(callers, "the end");
        assertThat(strangers.get()).isPositive();
        assertThat(told(KmsEvent.KeyEnded.class))
                .as("strangers and bad weather end nothing")
                .isZero();
        assertThat(told(KmsEvent.OutageServing.class)).isPositive();
        int generated = server.calls(Operation.GENERATE);
        await(
                "new data keys after the last recovery",
                Duration.ofSeconds(15),
                () -> server.calls(Operation.GENERATE) > generated + 4);
        noneFailed(callers, "recovery");
    }

    @Test
    void afterTheWindow_oneTypedErrorWithinTheDeadline_andRecoveryByItself() {
        KeyManager kms = kms(Duration.ofSeconds(5));
        List<Caller> callers = begin(kms);
        long from = System.nanoTime();
        server.bringAbout(Situation.SILENT);
        await("the window's end", Duration.ofSeconds(20), () -> callers.stream().allMatch(caller -> caller.lastFailed));
        // Judged afterwards: this thread may be late to look, and then the window is over. A second or two of it may
        // have passed before, since the last check.
        for (Caller caller : callers) {
            assertThat(Duration.ofNanos(caller.failedAt - from))
                    .as("into the outage when the first call failed")
                    .isGreaterThan(Duration.ofSeconds(3));
        }
        long[] before = counts(callers);
        pause(1_000);
        for (Caller caller : callers) {
            assertThat(caller.failures.keySet()).isEqualTo(java.util.Set.of(UnavailableException.class));
            assertThat(Duration.ofNanos(caller.slowestNanos.get()))
                    .isLessThan(DEADLINE.multipliedBy(2).plus(LATE));
        }
        assertThat(Arrays.stream(before).sum()).isPositive();
        server.recover();
        await("recovery", Duration.ofSeconds(15), () -> callers.stream().noneMatch(caller -> caller.lastFailed));
        long[] recovered = counts(callers);
        await("calls after it", Duration.ofSeconds(10), () -> callsGoOn(callers, recovered, 20));
        assertThat(callers).noneMatch(caller -> caller.lastFailed);
    }

    @Test
    void definiteNo_endsTheKeyWithinOneCheck() {
        KeyManager kms = kms(Duration.ofMinutes(30));
        List<Caller> callers = begin(kms);
        server.bringAbout(Situation.SERVER_ERROR);
        pause(2_000);
        noneFailed(callers, "the outage before");
        server.bringAbout(Situation.DISABLED);
        // A check is due at least once a second; an open breaker lets one through every five.
        await("the end", Duration.ofSeconds(12), () -> callers.stream().allMatch(caller -> caller.lastFailed));
        pause(500);
        assertThat(callers).allMatch(caller -> caller.lastFailed);
        assertThat(callers)
                .allMatch(caller -> caller.failure.get() instanceof RefusedException
                        || caller.failure.get() instanceof UnavailableException);
        assertThat(told(KmsEvent.KeyEnded.class)).isPositive();
        server.bringAbout(Situation.SILENT);
        pause(2_000);
        assertThat(callers).as("nothing is left for an outage").allMatch(caller -> caller.lastFailed);
    }

    @Test
    void overload_isTyped_whileHotKeysGoOn() {
        KeyManager kms = kms(Duration.ofMinutes(30));
        List<byte[]> strange = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            strange.add(kms.encrypt(PLAINTEXT).context("n", "" + i).toBytes());
        }
        List<Caller> callers = begin(kms);
        Map<Class<?>, AtomicLong> outcomes = new ConcurrentHashMap<>();
        server.slow(Duration.ofMillis(700));
        for (int i = 0; i < strange.size(); i++) {
            int n = i;
            start(() -> {
                Class<?> outcome = byte[].class;
                try {
                    kms.decrypt(strange.get(n)).context("n", "" + n).toBytes();
                } catch (KmsException e) {
                    outcome = e.getClass();
                }
                outcomes.computeIfAbsent(outcome, o -> new AtomicLong()).incrementAndGet();
            });
        }
        await(
                "all outcomes",
                Duration.ofSeconds(20),
                () -> outcomes.values().stream().mapToLong(AtomicLong::get).sum() == strange.size());
        noneFailed(callers, "the flood");
        assertThat(outcomes).containsKey(OverloadedException.class);
        assertThat(outcomes.keySet())
                .isSubsetOf(OverloadedException.class, UnavailableException.class, byte[].class)
                .doesNotContain(AuthenticationFailedException.class);
        server.slow(Duration.ZERO);
        long[] before = counts(callers);
        await("calls go on", Duration.ofSeconds(10), () -> callsGoOn(callers, before, 20));
        noneFailed(callers, "the time after");
    }
}
