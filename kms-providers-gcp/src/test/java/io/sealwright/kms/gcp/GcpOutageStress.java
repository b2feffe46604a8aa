package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import io.grpc.Status.Code;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.gcp.Fault;
import java.time.Duration;
import java.util.ArrayList;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Eight threads seal and open without pause while Google Cloud is killed and started again, stalls, and answers UNAVAILABLE to
 * everything. Size: {@code -Dkms.proof}; 5 minutes when whole, 20 s at least.
 */
@Timeout(600)
class GcpOutageStress {
    private static final Duration WHOLE = Duration.ofMinutes(5);
    private static final Duration SHORTEST = Duration.ofSeconds(20);
    private static final int THREADS = 8;
    private static final int CONTEXTS = 4;
    private static final int MOST_UNOPENED = 200_000;
    private static final Duration DEADLINE = Duration.ofMillis(1_500);

    /** A data key serves so long; then it is made anew, so that the server is asked all the time. */
    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    /** It must be back by itself so soon after the server is. */
    private static final Duration BACK_WITHIN = Duration.ofSeconds(15);

    /** What befalls the server, inside the window of the outage. */
    private enum Trouble {
        KILLED,
        STALLED,
        STORM
    }

    /** A message, what is in it, and whether this manager has opened it while the server answered. */
    private record Sealed(byte[] message, String text, int context) {}

    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();
    private final Random random = new Random(20_261_121);
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sealed> unopened = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sealed> kept = new ConcurrentLinkedQueue<>();
    private final AtomicLong unopenedInAll = new AtomicLong();
    private final AtomicLong calls = new AtomicLong();
    private final Set<Trouble> served =
            ConcurrentHashMap.newKeySet(); // while these, keys began to serve past their age
    private volatile Trouble now = Trouble.KILLED;
    private final AtomicLong slowest = new AtomicLong();
    private final AtomicLong troubles = new AtomicLong(); // odd while there is one

    private long slowestReturn;
    private volatile boolean done;

    @BeforeEach
    void prepare() {
        cloud.kms().create(Clouds.KEY);
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    private KeyManager manager(Duration window) {
        return KeyManager.builder()
                .masterKey(GcpKms.masterKey(Clouds.options(cloud, DEADLINE), Clouds.KEY))
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

    private static Duration size() {
        double proof = Double.parseDouble(System.getProperty("kms.proof", "0.01"));
        Duration size = Duration.ofMillis((long) (WHOLE.toMillis() * proof));
        return size.compareTo(SHORTEST) < 0 ? SHORTEST : size;
    }

    @Test
    void outage_insideTheWindow_noCallWithALiveKeyFails_andNothingIsLost() throws Exception {
        List<Trouble> seen = new ArrayList<>();
        long sealedInAll;
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            warm(kms);
            long end = System.nanoTime() + size().toNanos();
            ExecutorService pool = Executors.newFixedThreadPool(THREADS);
            List<Future<Long>> workers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int seed = i;
                workers.add(pool.submit(() -> work(kms, new Random(seed))));
            }
            try {
                while (System.nanoTime() - end < 0 || seen.size() < Trouble.values().length) {
                    Trouble trouble = Trouble.values()[seen.size() % Trouble.values().length];
                    befall(trouble, kms);
                    seen.add(trouble);
                }
            } finally {
                done = true;
                pool.shutdown();
            }
            sealedInAll = 0;
            for (Future<Long> worker : workers) {
                sealedInAll += worker.get(60, TimeUnit.SECONDS);
            }
        }
        int opened = 0;
        try (KeyManager other = manager(Duration.ZERO)) {
            for (Sealed sealed : kept) {
                assertThat(open(other, sealed)).isEqualTo(sealed.text());
                opened++;
            }
            for (Sealed sealed : unopened) {
                assertThat(open(other, sealed)).isEqualTo(sealed.text());
                opened++;
            }
        }
        System.out.printf(
                "%d outages, keys served past their age while %s; %d calls, %d messages sealed, %d of them opened by another process's manager afterwards;"
                        + " slowest call %d ms, slowest return %d ms%n",
                seen.size(),
                served,
                calls.get(),
                sealedInAll,
                opened,
                TimeUnit.NANOSECONDS.toMillis(slowest.get()),
                TimeUnit.NANOSECONDS.toMillis(slowestReturn));
        assertThat(faults).isEmpty();
        assertThat(seen).contains(Trouble.values());
        assertThat(served).as("outages that were ridden out").containsExactlyInAnyOrder(Trouble.values());
        assertThat(Duration.ofNanos(slowest.get())).isLessThan(DEADLINE.plusSeconds(3));
    }

    /** Each context's data key is there, and a message of each has been opened. */
    private void warm(KeyManager kms) {
        for (int context = 0; context < CONTEXTS; context++) {
            Sealed sealed = seal(kms, context, "warm");
            assertThat(open(kms, sealed)).isEqualTo("warm");
            kept.add(sealed);
        }
    }

    private long work(KeyManager kms, Random mine) {
        long sealedHere = 0;
        List<Sealed> live = new ArrayList<>(kept);
        while (!done) {
            int context = mine.nextInt(CONTEXTS);
            Sealed fresh = timed("seal", () -> seal(kms, context, "text " + mine.nextInt()));
            if (fresh != null) {
                sealedHere++;
                String opened = firstOpening(kms, fresh);
                if (opened == null) {
                    keepUnopened(fresh);
                } else if (!opened.equals(fresh.text())) {
                    faults.add("another text came back");
                } else if (live.size() < 200) {
                    live.add(fresh);
                } else {
                    live.set(mine.nextInt(live.size()), fresh);
                }
                if (sealedHere % 200 == 0) {
                    kept.add(fresh);
                }
            }
            Sealed old = live.get(mine.nextInt(live.size()));
            String text = timed("open what was opened before", () -> open(kms, old));
            if (text != null && !text.equals(old.text())) {
                faults.add("another text came back");
            }
        }
        return sealedHere;
    }

    /** All of the first many, then some: the heap of the whole proof is small. */
    private void keepUnopened(Sealed sealed) {
        if (unopenedInAll.incrementAndGet() <= MOST_UNOPENED || unopenedInAll.get() % 50 == 0) {
            unopened.add(sealed);
        }
    }

    /** What was sealed in an outage may need the server at its first opening: it may fail for that reason, while that is so. */
    private String firstOpening(KeyManager kms, Sealed sealed) {
        long before = troubles.get();
        try {
            calls.incrementAndGet();
            return open(kms, sealed);
        } catch (KmsException e) {
            if (e.code() != ErrorCode.KMS_UNAVAILABLE || (before == troubles.get() && before % 2 == 0)) {
                faults.add("first opening, without an outage: " + e);
            }
            return null;
        }
    }

    private <T> T timed(String what, java.util.function.Supplier<T> call) {
        long from = System.nanoTime();
        try {
            calls.incrementAndGet();
            return call.get();
        } catch (RuntimeException e) {
            faults.add(what + ": " + e);
            return null;
        } finally {
            slowest.accumulateAndGet(System.nanoTime() - from, Math::max);
        }
    }

    private static Sealed seal(KeyManager kms, int context, String text) {
        return new Sealed(kms.encrypt(text).context("tenant", "t" + context).toBytes(), text, context);
    }

    private static String open(KeyManager kms, Sealed sealed) {
        return kms.decrypt(sealed.message())
                .context("tenant", "t" + sealed.context())
                .toText();
    }

    /** Longer than data keys live and a call takes, so that each is asked for anew in vain. */
    private void befall(Trouble trouble, KeyManager kms) throws Exception {
        now = trouble;
        troubles.incrementAndGet();
        Duration length = MAX_AGE.plus(DEADLINE).plusMillis(200 + random.nextInt(800));
        switch (trouble) {
            case KILLED -> {
                cloud.kill();
                pause(length);
                cloud.restart();
            }
            case STALLED -> {
                cloud.fault(Fault.SILENT);
                pause(length);
                cloud.fault(Fault.NONE);
            }
            case STORM -> {
                cloud.refuse(Code.UNAVAILABLE, "The service is currently unavailable.");
                pause(length);
                cloud.behave();
            }
        }
        long from = System.nanoTime();
        while (!kms.health().healthy()) {
            if (System.nanoTime() - from > BACK_WITHIN.toNanos()) {
                faults.add("not back after " + trouble);
                return;
            }
            pause(Duration.ofMillis(50));
        }
        slowestReturn = Math.max(slowestReturn, System.nanoTime() - from);
        pause(DEADLINE.plusMillis(200)); // calls that met it are over
        troubles.incrementAndGet();
        pause(MAX_AGE); // new data keys all round
    }

    private static void pause(Duration length) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(length.toNanos());
    }

    private static void recovers(KeyManager kms, Sealed sealed) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (true) {
            try {
                assertThat(open(kms, seal(kms, 0, "again"))).isEqualTo("again");
                assertThat(open(kms, sealed)).isEqualTo(sealed.text());
                return;
            } catch (KmsException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                pause(Duration.ofMillis(100));
            }
        }
    }

    @Test
    void disabledKey_definiteNo_endsWhatItGaveInsideTheWindow_andRecoversWithTheKey() throws Exception {
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            warm(kms);
            Sealed sealed = kept.peek();
            cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DISABLED);
            ended(ErrorCode.KMS_KEY_STATE_REFUSED, () -> seal(kms, 0, "late"));
            ended(ErrorCode.KMS_KEY_STATE_REFUSED, () -> open(kms, sealed));
            cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.ENABLED);
            recovers(kms, sealed);
        }
    }

    /** At the latest when the data key's age is over: then it is asked for, and the answer is no. */
    private static void ended(ErrorCode code, Runnable call) throws InterruptedException {
        long end = System.nanoTime() + MAX_AGE.plus(DEADLINE).plusSeconds(2).toNanos();
        while (true) {
            try {
                call.run();
                assertThat(System.nanoTime() - end)
                        .as("a deleted key serves on")
                        .isNegative();
                pause(Duration.ofMillis(20));
            } catch (KmsException e) {
                assertThat(e.code()).isEqualTo(code);
                return;
            }
        }
    }
}
