package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.pkcs11.TestToken.Fault;
import io.sealwright.kms.testbed.Patiently;
import io.sealwright.kms.testkit.proof.Proof;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
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
 * Eight threads seal and open without pause, four on each real token, while users of the same process log out and close
 * sessions, tokens are pulled out and put back, hang, and fail. Size: {@code -Dkms.proof}; 5 minutes when whole, 20 s at
 * least.
 */
@Timeout(600)
class Pkcs11OutageStress {
    private static final Duration WHOLE = Duration.ofMinutes(5);
    private static final Duration SHORTEST = Duration.ofSeconds(20);
    private static final int THREADS_EACH = 4;
    private static final int CONTEXTS = 4;
    private static final Duration DEADLINE = Duration.ofMillis(1_500);

    /** A data key serves so long; then it is made anew, so that the token is asked all the time. */
    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    /** It must be back by itself so soon after the token is. */
    private static final Duration BACK_WITHIN = Duration.ofSeconds(30);

    /** What befalls the tokens. */
    private enum Trouble {
        LOGGED_OUT,
        SESSIONS_CLOSED,
        PULLED_OUT,
        HANGING,
        FAILING
    }

    /** Those that a new session mends at once: no call may fail for them. */
    private static final Set<Trouble> MENDED = EnumSet.of(Trouble.LOGGED_OUT, Trouble.SESSIONS_CLOSED);

    /** A message, and what is in it. */
    private record Sealed(byte[] message, String text, int context) {}

    private final String name = "outage-" + UUID.randomUUID();
    private final List<TestToken> tokens = List.of(TestToken.softHsm(), TestToken.nss());
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong slowest = new AtomicLong();
    private final AtomicLong troubles = new AtomicLong(); // odd while there is one that is no answer
    private final Set<Trouble> served = ConcurrentHashMap.newKeySet();
    private volatile Trouble now = Trouble.LOGGED_OUT;
    private volatile boolean done;

    @BeforeEach
    void prepare() {
        for (TestToken token : tokens) {
            // Making a key writes to the disk, which takes a loaded machine longer than a call has.
            Pkcs11Keys.create(options(token, Duration.ofSeconds(20)), token.uri(name))
                    .close();
        }
    }

    @AfterEach
    void recover() throws Exception {
        for (TestToken token : tokens) {
            token.fault(Fault.NONE);
            token.officer().destroy(name);
        }
    }

    private static Pkcs11Options options(TestToken token, Duration timeout) {
        return token.options().pin(TestToken.PIN.toCharArray()).timeout(timeout).build();
    }

    private KeyManager manager(TestToken token, Duration window) {
        return KeyManager.builder()
                .masterKey(Pkcs11Keys.masterKey(options(token, DEADLINE), token.uri(name)))
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
        return Proof.of(WHOLE, SHORTEST);
    }

    @Test
    void outage_insideTheWindow_noCallWithALiveKeyFails_andNothingIsLost() throws Exception {
        List<KeyManager> managers = new ArrayList<>();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS_EACH * tokens.size());
        List<Future<List<Sealed>>> workers = new ArrayList<>();
        int befallen = 0;
        try {
            for (TestToken token : tokens) {
                KeyManager kms = manager(token, Duration.ofMinutes(10));
                managers.add(kms);
                List<Sealed> warm = warm(kms);
                for (int i = 0; i < THREADS_EACH; i++) {
                    int seed = i;
                    workers.add(pool.submit(() -> work(kms, new Random(seed), warm)));
                }
            }
            long end = System.nanoTime() + size().toNanos();
            while (System.nanoTime() - end < 0 || befallen < Trouble.values().length) {
                befall(Trouble.values()[befallen++ % Trouble.values().length], managers);
            }
        } finally {
            done = true;
            pool.shutdown();
        }
        int sealedInAll = 0;
        int openedAgain = 0;
        for (int i = 0; i < workers.size(); i++) {
            List<Sealed> kept = workers.get(i).get(60, TimeUnit.SECONDS);
            sealedInAll += kept.size();
            try (KeyManager other = manager(tokens.get(i / THREADS_EACH), Duration.ZERO)) {
                for (Sealed sealed : kept) {
                    opens(other, sealed);
                    openedAgain++;
                }
            }
        }
        managers.forEach(KeyManager::close);
        System.out.printf(
                "%d troubles, keys served past their age while %s; %d calls, %d of their messages opened by another manager"
                        + " afterwards; slowest call %d ms%n",
                befallen, served, calls.get(), openedAgain, TimeUnit.NANOSECONDS.toMillis(slowest.get()));
        assertThat(faults).isEmpty();
        assertThat(openedAgain).isEqualTo(sealedInAll).isPositive();
        assertThat(served)
                .as("outages that were ridden out")
                .contains(Trouble.PULLED_OUT, Trouble.HANGING, Trouble.FAILING);
        assertThat(Duration.ofNanos(slowest.get())).isLessThan(DEADLINE.plusSeconds(10));
    }

    /** Each context's data key is there, and a message of each has been opened. */
    private List<Sealed> warm(KeyManager kms) throws InterruptedException {
        List<Sealed> warm = new ArrayList<>();
        for (int i = 0; i < CONTEXTS; i++) {
            int context = i;
            Patiently.repeat(UnavailableException.class, () -> warm.add(seal(kms, context, "warm")));
            opens(kms, warm.get(i));
        }
        return warm;
    }

    /** That it does, not how soon: a login, or a machine that stands still, may take longer than the deadline. */
    private static void opens(KeyManager kms, Sealed sealed) throws InterruptedException {
        Patiently.repeat(
                UnavailableException.class, () -> assertThat(open(kms, sealed)).isEqualTo(sealed.text()));
    }

    /** Gives some of what it sealed. */
    private List<Sealed> work(KeyManager kms, Random mine, List<Sealed> warm) {
        List<Sealed> kept = new ArrayList<>();
        List<Sealed> live = new ArrayList<>(warm);
        for (long n = 0; !done; n++) {
            int context = mine.nextInt(CONTEXTS);
            Sealed fresh = timed("seal", () -> seal(kms, context, "text " + mine.nextInt()));
            if (fresh != null) {
                if (firstOpening(kms, fresh)) {
                    live.set(mine.nextInt(live.size()), fresh);
                }
                if (n % 500 == 0) {
                    kept.add(fresh);
                }
            }
            Sealed old = live.get(mine.nextInt(live.size()));
            String text = timed("open what was opened before", () -> open(kms, old));
            if (text != null && !text.equals(old.text())) {
                faults.add("another text came back");
            }
        }
        return kept;
    }

    /** What was sealed in an outage may need the token at its first opening: it may fail for that reason, while that is so. */
    private boolean firstOpening(KeyManager kms, Sealed sealed) {
        long before = troubles.get();
        try {
            calls.incrementAndGet();
            if (!open(kms, sealed).equals(sealed.text())) {
                faults.add("another text came back");
            }
            return true;
        } catch (KmsException e) {
            if (e.code() != ErrorCode.KMS_UNAVAILABLE || before == troubles.get() && before % 2 == 0) {
                faults.add("first opening, without an outage: " + e);
            }
            return false;
        }
    }

    private <T> T timed(String what, java.util.function.Supplier<T> call) {
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

    private static String open(KeyManager kms, Sealed sealed) {
        return kms.decrypt(sealed.message())
                .context("tenant", "t" + sealed.context())
                .toText();
    }

    /** Longer than data keys live and a call takes, so that each is asked for anew in vain, and until that was told. */
    private void befall(Trouble trouble, List<KeyManager> managers) throws Exception {
        now = trouble;
        if (MENDED.contains(trouble)) {
            for (int i = 0; i < 20; i++) {
                for (TestToken token : tokens) {
                    if (trouble == Trouble.LOGGED_OUT) {
                        token.officer().logOut();
                    } else {
                        token.fault(Fault.LOSE_ONCE);
                    }
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
            return;
        }
        troubles.incrementAndGet();
        for (TestToken token : tokens) {
            switch (trouble) {
                case PULLED_OUT -> token.fault(Fault.GONE);
                case HANGING -> token.fault(Fault.HANG);
                default -> token.returning(ReturnCode.CKR_DEVICE_ERROR);
            }
        }
        TimeUnit.NANOSECONDS.sleep(MAX_AGE.plus(DEADLINE).plusMillis(500).toNanos());
        Patiently.until("keys serve past their age while " + trouble, () -> served.contains(trouble));
        tokens.forEach(token -> token.fault(Fault.NONE));
        for (KeyManager kms : managers) {
            long from = System.nanoTime();
            while (!kms.health().healthy()) {
                if (System.nanoTime() - from > BACK_WITHIN.toNanos()) {
                    faults.add("not back after " + trouble);
                    break;
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        TimeUnit.NANOSECONDS.sleep(DEADLINE.plusMillis(200).toNanos()); // calls that met it are over
        troubles.incrementAndGet();
    }
}
