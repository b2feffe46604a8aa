package io.sealwright.kms.testkit.masterkey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.OutageLoad.Sealed;
import io.sealwright.kms.testkit.proof.Proof;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What an application that has keys in memory gets while its master key's provider is away, and comes back: eight threads
 * seal and open without pause, with data keys that live for a second. Inside the outage window no call with a live key
 * fails; past it, one typed error within the deadline; afterwards all goes on by itself, and what was sealed opens elsewhere;
 * a definite no ends what the key gave at once. A provider's test extends it and says how its server fails. Needs the engine
 * ({@code kms-core}) at run time.
 *
 * <p>The first test takes 20 seconds, or the share of 5 minutes that the system property {@code kms.proof} says.
 */
@Timeout(600)
public abstract class OutageContract {
    /** The deadline of every call; the provider's own time-out should not be longer. */
    protected static final Duration DEADLINE = Duration.ofMillis(1_500);

    private static final Duration WHOLE = Duration.ofMinutes(5);
    private static final Duration SHORTEST = Duration.ofSeconds(20);
    private static final int THREADS = 8;

    /** A data key serves so long; then it is made anew, so that the provider is asked all the time. */
    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    /**
     * What a loaded machine may add to a deadline. A call that nothing ends is late by more all the same, where it is
     * looked for: the silence ends when the last of them has ended.
     */
    private static final Duration SLACK = Duration.ofSeconds(10);

    /** Where keys have not begun to serve past their age by then, they never do. */
    private static final Duration MOST_SILENCE = Duration.ofSeconds(20);

    private final Random random = new Random(20_261_121);
    private final Set<String> served = ConcurrentHashMap.newKeySet(); // while these, keys began to serve past their age
    private final AtomicReference<String> now = new AtomicReference<>("");

    /** For subclasses. */
    protected OutageContract() {}

    /** A step of a test; may throw what it likes. */
    @FunctionalInterface
    public interface Step {
        /** Does it. */
        void run() throws Exception;
    }

    /**
     * Something that befalls the provider.
     *
     * @param name for people
     * @param begin brings it about
     * @param end ends it; the provider then works again soon
     */
    public record Trouble(String name, Step begin, Step end) {}

    // ---- what a provider's test says

    /** Opens the key, with a time-out of {@link #DEADLINE}; another handle on the same key each time. Closed by a manager. */
    protected abstract MasterKey open() throws Exception;

    /** Whatever leaves calls without an answer, as death, silence, errors of its own, dead credentials. */
    protected abstract List<Trouble> troubles();

    /** The one of them in which calls get nothing at all, not even an error. */
    protected abstract Trouble silence();

    /** What makes the provider say a definite no: the key is deleted or disabled, and then there again. */
    protected abstract Trouble definiteNo();

    /** What sealing fails with after {@link #definiteNo}. */
    protected abstract ErrorCode sealingAfterNo();

    /** What opening fails with after {@link #definiteNo}. */
    protected abstract ErrorCode openingAfterNo();

    /**
     * The provider must be of use by itself so soon after it is back: a pause that its client makes of its own before it
     * connects or logs in again (up to 10 s), and the breaker's pauses of 5 s, of whose trials a loaded machine may miss some.
     */
    protected Duration backWithin() {
        return Duration.ofSeconds(30);
    }

    // ---- the contract

    private KeyManager manager(Duration window) throws Exception {
        return KeyManager.builder()
                .masterKey(open())
                .dataKeys(p -> p.maxAge(MAX_AGE))
                .outage(o -> o.encryptFor(window).decryptFor(window))
                .deadline(DEADLINE)
                .listener(event -> {
                    if (event instanceof KmsEvent.OutageServing outage && outage.serving()) {
                        served.add(now.get());
                    }
                })
                .build();
    }

    private static Duration size() {
        return Proof.of(WHOLE, SHORTEST);
    }

    @Test
    void outage_insideTheWindow_noCallWithALiveKeyFails_andNothingIsLost() throws Exception {
        List<Trouble> troubles = troubles();
        Set<String> names = new HashSet<>();
        troubles.forEach(trouble -> names.add(trouble.name()));
        int befallen = 0;
        long slowestReturn = 0;
        OutageLoad load;
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            load = new OutageLoad(kms);
            long end = System.nanoTime() + size().toNanos();
            load.start(THREADS);
            try {
                while (System.nanoTime() - end < 0 || befallen < troubles.size()) {
                    Trouble trouble = troubles.get(befallen++ % troubles.size());
                    slowestReturn = Math.max(slowestReturn, befall(trouble, kms, load));
                }
            } finally {
                load.stop();
            }
        }
        int opened;
        try (KeyManager other = manager(Duration.ZERO)) {
            opened = load.openAll(other);
        }
        System.out.printf(
                "%s: %d outages, keys served past their age while %s; %d calls, %d messages sealed, %d of them opened by another"
                        + " manager afterwards; %d late without an outage; slowest call %d ms, slowest return %d ms%n",
                getClass().getSimpleName(),
                befallen,
                served,
                load.calls(),
                load.sealedInAll(),
                opened,
                load.lateWithoutOutage(),
                TimeUnit.NANOSECONDS.toMillis(load.slowestNanos()),
                TimeUnit.NANOSECONDS.toMillis(slowestReturn));
        assertEquals(List.of(), List.copyOf(load.faults()));
        assertEquals(names, served, "outages that were ridden out");
        assertTrue(load.slowestNanos() < DEADLINE.plus(SLACK).toNanos(), "slowest call in time");
    }

    /**
     * Longer than data keys live and a call takes, so that each is asked for anew in vain, and until that was told. How long
     * the return took.
     */
    private long befall(Trouble trouble, KeyManager kms, OutageLoad load) throws Exception {
        now.set(trouble.name());
        load.troubleTurns();
        trouble.begin().run();
        pause(MAX_AGE.plus(DEADLINE).plusMillis(200 + random.nextInt(800)));
        long silent = System.nanoTime();
        while (!served.contains(trouble.name()) && System.nanoTime() - silent < MOST_SILENCE.toNanos()) {
            pause(Duration.ofMillis(20));
        }
        trouble.end().run();
        long from = System.nanoTime();
        while (!kms.health().healthy()) {
            if (System.nanoTime() - from > backWithin().toNanos()) {
                load.fault("not back after " + trouble.name());
                break;
            }
            pause(Duration.ofMillis(50));
        }
        long took = System.nanoTime() - from;
        pause(DEADLINE.plusMillis(200)); // calls that met it are over
        load.troubleTurns();
        pause(MAX_AGE); // new data keys all round
        return took;
    }

    private static void pause(Duration length) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(length.toNanos());
    }

    @Test
    void outage_longerThanTheWindow_oneTypedErrorWithinTheDeadline_andRecovery() throws Exception {
        try (KeyManager kms = manager(Duration.ofSeconds(3))) {
            OutageLoad load = new OutageLoad(kms);
            Sealed sealed = load.opened();
            Trouble silence = silence();
            silence.begin().run();
            Set<ErrorCode> codes = ConcurrentHashMap.newKeySet();
            try {
                pause(Duration.ofMillis(3_500).plus(MAX_AGE));
                ExecutorService pool = Executors.newFixedThreadPool(THREADS);
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    int context = i % OutageLoad.CONTEXTS;
                    all.add(pool.submit(() -> {
                        for (int n = 0; n < 3; n++) {
                            failsInTime(load, codes, () -> OutageLoad.seal(kms, context, "late"));
                            failsInTime(load, codes, () -> OutageLoad.open(kms, sealed));
                        }
                    }));
                }
                for (Future<?> one : all) {
                    one.get(60, TimeUnit.SECONDS);
                }
                pool.shutdown();
            } finally {
                silence.end().run();
            }
            assertEquals(List.of(), List.copyOf(load.faults()));
            assertEquals(Set.of(ErrorCode.KMS_UNAVAILABLE), codes);
            recovers(kms, sealed);
        }
    }

    private static void failsInTime(OutageLoad load, Set<ErrorCode> codes, Runnable call) {
        long from = System.nanoTime();
        try {
            call.run();
            load.fault("a call succeeded past the window");
        } catch (KmsException e) {
            codes.add(e.code());
        }
        Duration taken = Duration.ofNanos(System.nanoTime() - from);
        if (taken.compareTo(DEADLINE.plus(SLACK)) > 0) {
            load.fault("a call took " + taken);
        }
    }

    private static void recovers(KeyManager kms, Sealed sealed) {
        Sealed again = OutageLoad.patiently(KmsException.class, () -> OutageLoad.seal(kms, 0, "again"));
        for (Sealed one : List.of(again, sealed)) {
            assertEquals(one.text(), OutageLoad.patiently(KmsException.class, () -> OutageLoad.open(kms, one)));
        }
    }

    @Test
    void definiteNo_endsWhatTheKeyGaveInsideTheWindow_andRecoversWithTheKey() throws Exception {
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            Sealed sealed = new OutageLoad(kms).opened();
            Trouble no = definiteNo();
            no.begin().run();
            try {
                ended(sealingAfterNo(), () -> OutageLoad.seal(kms, 0, "late"));
                ended(openingAfterNo(), () -> OutageLoad.open(kms, sealed));
            } finally {
                no.end().run();
            }
            recovers(kms, sealed);
        }
    }

    /** At the latest when the data key's age is over: then it is asked for, and the answer is no. */
    private static void ended(ErrorCode code, Runnable call) throws InterruptedException {
        long end = System.nanoTime() + MAX_AGE.plus(DEADLINE).plus(SLACK).toNanos();
        while (true) {
            try {
                call.run();
            } catch (KmsException e) {
                assertEquals(code, e.code(), e.toString());
                return;
            }
            assertTrue(System.nanoTime() - end < 0, "a key that is no more serves on");
            pause(Duration.ofMillis(20));
        }
    }
}
