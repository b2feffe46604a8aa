package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.pkcs11.TestToken.Fault;
import io.sealwright.kms.pkcs11.TestToken.Word;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testbed.Patiently;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions and threads are bounded, none is lost, and a token that hangs holds no caller. */
@ParameterizedClass
@EnumSource(Pkcs11KeyTest.Which.class)
@Timeout(120)
class Pkcs11SessionsTest {
    private static final int SESSIONS = 3;
    private static final int THREADS = 8;
    private static final int OPERATIONS = 10_000;
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final TestToken token;
    private final String name = "sessions-" + UUID.randomUUID();

    Pkcs11SessionsTest(Pkcs11KeyTest.Which which) {
        this.token = which == Pkcs11KeyTest.Which.NSS ? TestToken.nss() : TestToken.softHsm();
    }

    @AfterEach
    void end() throws Exception {
        token.fault(Fault.NONE);
        token.officer().destroy(name);
    }

    private Pkcs11Options options(Duration timeout) {
        return token.options()
                .pin(TestToken.PIN.toCharArray())
                .sessions(SESSIONS)
                .timeout(timeout)
                .build();
    }

    private MasterKey create() {
        return Pkcs11Keys.create(options(Duration.ofSeconds(20)), token.uri(name));
    }

    /**
     * A handle that waits so long only, with a session that is logged in. Login and the key's making stretch a password and
     * write to the disk, which takes a loaded machine longer than that: another handle did it, or it is tried again.
     */
    private MasterKey hurried(Duration timeout, Recipient good) throws InterruptedException {
        MasterKey key = Pkcs11Keys.masterKey(options(timeout), token.uri(name));
        answers(key, good);
        return key;
    }

    private static void answers(MasterKey key, Recipient good) throws InterruptedException {
        Patiently.repeat(
                UnavailableException.class, () -> key.unwrap(good, BINDING).close());
    }

    /** What a new key wrapped. */
    private Recipient made() {
        try (MasterKey patient = create()) {
            return wrap(patient);
        }
    }

    private static Recipient wrap(MasterKey key) {
        try (SecretBytes secret = SecretBytes.owning(new byte[32])) {
            return key.wrap(secret, BINDING);
        }
    }

    private static <T> List<T> atOnce(int threads, Callable<T> work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<T>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(work));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> one : all) {
                results.add(one.get(60, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            pool.shutdownNow();
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("sealwright-pkcs11-") && thread.isAlive())
                .count();
    }

    /** Good and bad wraps, by more threads than there are sessions. */
    @Test
    void operations_tenThousand_leaveTheNumberOfSessionsAsItWas() throws Exception {
        int before = token.sessions();
        try (MasterKey key = create()) {
            Recipient good = wrap(key);
            byte[] changed = good.wrap();
            changed[changed.length - 1] ^= 1;
            Recipient bad = new Recipient(good.kind(), good.id(), changed);
            int opened = token.count(Word.OPENED);
            int logins = token.count(Word.LOGINS);
            List<Integer> done = atOnce(THREADS, () -> {
                for (int i = 0; i < OPERATIONS / THREADS; i += 5) {
                    Recipient mine = wrap(key);
                    key.unwrap(mine, BINDING).close();
                    key.unwrap(good, BINDING).close();
                    key.unwrap(mine, BINDING).close();
                    assertThatThrownBy(() -> key.unwrap(bad, BINDING))
                            .isInstanceOf(AuthenticationFailedException.class);
                    assertThat(token.sessions() - before).isLessThanOrEqualTo(SESSIONS);
                }
                return OPERATIONS / THREADS;
            });
            assertThat(done).hasSize(THREADS);
            assertThat(token.sessions() - before).as("open sessions").isBetween(1, SESSIONS);
            assertThat(token.count(Word.OPENED) - opened)
                    .as("sessions opened in 10,000 operations")
                    .isLessThan(SESSIONS);
            assertThat(token.count(Word.LOGINS)).isEqualTo(logins);
        }
        assertThat(token.sessions())
                .as("open sessions after the key was closed")
                .isEqualTo(before);
    }

    @Test
    void callsThatFail_leaveNoSession() throws Exception {
        int before = token.sessions();
        try (MasterKey key = create()) {
            Recipient good = wrap(key);
            for (int i = 0; i < 50; i++) {
                token.returning(i % 2 == 0 ? ReturnCode.CKR_DEVICE_ERROR : ReturnCode.CKR_SESSION_HANDLE_INVALID);
                assertThatThrownBy(() -> key.unwrap(good, BINDING)).isInstanceOf(UnavailableException.class);
                token.fault(Fault.NONE);
                key.unwrap(good, BINDING).close();
                token.fault(Fault.SHORT_ANSWER);
                assertThatThrownBy(() -> key.unwrap(good, BINDING)).isInstanceOf(UnavailableException.class);
                token.fault(Fault.NONE);
            }
            // Those whose close the fault refused are the token's to forget: it says that they are not there.
            token.officer().closeAllSessions();
            key.unwrap(good, BINDING).close();
            assertThat(token.officer().sessions())
                    .as("as the token counts, where it does")
                    .isLessThanOrEqualTo(1);
        }
        assertThat(before).isNotNegative();
    }

    @Test
    void tokenThatHangs_holdsNoCaller_andBoundedThreads_andGoesOn() throws Exception {
        Duration deadline = Duration.ofMillis(500);
        Recipient good = made();
        try (MasterKey key = hurried(deadline, good)) {
            long idle = threads();
            token.fault(Fault.HANG);
            List<Long> took = atOnce(4 * SESSIONS, () -> {
                long from = System.nanoTime();
                for (int i = 0; i < 2; i++) {
                    assertThatThrownBy(() -> key.unwrap(good, BINDING))
                            .isInstanceOf(UnavailableException.class)
                            .hasMessageContaining("did not answer in time");
                }
                return System.nanoTime() - from;
            });
            assertThat(took)
                    .allSatisfy(nanos -> assertThat(Duration.ofNanos(nanos))
                            .isLessThan(deadline.multipliedBy(2).plusSeconds(10)));
            assertThat(threads() - idle).as("threads that hang").isLessThanOrEqualTo(SESSIONS);
            assertThat(token.count(Word.HANGING)).isBetween(1, SESSIONS);
            token.fault(Fault.NONE);
            answers(key, good); // calls that were begun before may still hold the places for a moment
        }
    }

    @Test
    void close_whileTheTokenHangs_endsSoon() throws Exception {
        Recipient good = made();
        MasterKey key = hurried(Duration.ofMillis(300), good);
        token.fault(Fault.HANG);
        assertThatThrownBy(() -> key.unwrap(good, BINDING)).isInstanceOf(UnavailableException.class);
        long from = System.nanoTime();
        key.close();
        assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(12));
    }
}
