package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What keys in memory do while there is no answer, and at a definite no: each rule, by a clock that tests move. */
@Timeout(60)
class OutageTest {
    private static final byte[] PLAINTEXT = {1, 2, 3};
    private static final Duration AGE = Duration.ofMinutes(5);
    private static final Supplier<KmsException> AWAY = () -> new UnavailableException("Away.", "A test.", "Wait.");

    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey key = new FaultyMasterKey("main");
    private final List<KmsEvent> events = new CopyOnWriteArrayList<>();
    private final OpenManagers open = new OpenManagers();
    private final ThreadPoolExecutor workers = (ThreadPoolExecutor) Executors.newCachedThreadPool(); // of one test

    private KeyManager kms(Consumer<KeyManagerBuilder> more) {
        return kms(Duration.ofSeconds(5), more);
    }

    private KeyManager kms(Duration deadline, Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder()
                .masterKey(key)
                .timeSource(time)
                .retryAttempts(1)
                .listener(events::add)
                .deadline(deadline);
        more.accept(builder);
        return open.add(builder.build());
    }

    private KeyManager kms() {
        return kms(builder -> {});
    }

    @AfterEach
    void close() {
        key.behave();
        open.close();
        workers.shutdownNow();
    }

    private void away(Operation... operations) {
        for (Operation operation : operations.length == 0 ? Operation.values() : operations) {
            key.fail(operation, 10_000, AWAY);
        }
    }

    private void back() {
        key.behave();
        time.advance(Duration.ofSeconds(6)); // past the breaker's pause
    }

    private static void await(BooleanSupplier done) {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("in time").isNegative();
            Thread.onSpinWait();
        }
    }

    private long told(Class<? extends KmsEvent> type) {
        return events.stream().filter(type::isInstance).count();
    }

    /** A definite no, and what it ends. */
    enum No {
        DELETED,
        DISABLED,
        DENIED;

        KmsException make() {
            return switch (this) {
                case DELETED -> new KeyNotFoundException("Gone.", "A test.", "None.");
                case DISABLED -> new RefusedException(ErrorCode.KMS_KEY_STATE_REFUSED, "Off.", "A test.", "None.");
                case DENIED -> new PermissionDeniedException("No.", "A test.", "None.");
            };
        }
    }

    // ---- the windows

    @Test
    void seal_noAnswer_goesOnForTheWindow_thenFailsClosed_andRecoversByItself() {
        KeyManager kms = kms();
        kms.encrypt(PLAINTEXT).toBytes();
        away();
        for (int second = 0; second < 599; second += 13) {
            assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
            time.advance(Duration.ofSeconds(13));
        }
        time.advance(Duration.ofSeconds(13));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        back();
        assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
        assertThat(events.stream()
                        .filter(KmsEvent.OutageServing.class::isInstance)
                        .map(e -> ((KmsEvent.OutageServing) e).serving()))
                .containsExactly(true, false);
    }

    @Test
    void seal_windowEnds_countedFromTheEntrysOwnSuccess_toTheNanosecond() {
        KeyManager kms = kms();
        kms.encrypt(PLAINTEXT).toBytes();
        away();
        time.advance(Duration.ofMinutes(10).minusNanos(1));
        assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
        time.advance(Duration.ofNanos(1));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
    }

    @Test
    void seal_pastItsAge_onlyAfterACheckOfItsOwn() {
        KeyManager kms = kms();
        kms.encrypt(PLAINTEXT).context("a", "1").toBytes();
        kms.encrypt(PLAINTEXT).context("a", "2").toBytes();
        away();
        time.advance(AGE);
        int before = key.calls(Operation.GENERATE);
        kms.encrypt(PLAINTEXT).context("a", "1").toBytes();
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(before + 1);
        kms.encrypt(PLAINTEXT).context("a", "2").toBytes();
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(before + 2);
        // And no more while these are recent.
        for (int i = 0; i < 50; i++) {
            kms.encrypt(PLAINTEXT).context("a", "1").toBytes();
            kms.encrypt(PLAINTEXT).context("a", "2").toBytes();
        }
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(before + 2);
        // A context that was never in use has nothing to serve with.
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).context("a", "3").toBytes())
                .isInstanceOf(UnavailableException.class);
    }

    @Test
    void seal_windowZero_maxAgeIsAbsolute() {
        KeyManager kms = kms(b -> b.outage(o -> o.encryptFor(Duration.ZERO)));
        kms.encrypt(PLAINTEXT).toBytes();
        away();
        time.advance(AGE.minusNanos(1));
        assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
        time.advance(Duration.ofNanos(1));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        assertThat(told(KmsEvent.OutageServing.class)).isZero();
    }

    @Test
    void open_noAnswer_goesOnForItsWindow_thenFailsClosed_andRecoversByItself() {
        KeyManager kms = kms();
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        byte[] never = kms.encrypt(PLAINTEXT).context("never", "opened").toBytes();
        kms.decrypt(message).toBytes();
        away();
        time.advance(Duration.ofHours(4).minusNanos(1));
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThatThrownBy(() -> kms.decrypt(never).context("never", "opened").toBytes())
                .isInstanceOf(UnavailableException.class);
        time.advance(Duration.ofNanos(1));
        assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(UnavailableException.class);
        back();
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
    }

    @Test
    void open_windowZero_maxAgeIsAbsolute() {
        KeyManager kms = kms(b -> b.outage(o -> o.decryptFor(Duration.ZERO)));
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        kms.decrypt(message).toBytes();
        away();
        time.advance(AGE.minusNanos(1));
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        time.advance(Duration.ofNanos(1));
        assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(UnavailableException.class);
    }

    @Test
    void open_providerHangs_oneCheckIsWaitedFor_thenNobodyWaits() throws Exception {
        byte[] message = kms().encrypt(PLAINTEXT).toBytes(); // by a manager with more time, which loads classes
        KeyManager kms = kms(Duration.ofSeconds(2), b -> {});
        kms.decrypt(message).toBytes();
        Gate gate = key.hold();
        time.advance(AGE);
        // Inside the deadline, or it would have failed.
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        long from = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            kms.decrypt(message).toBytes();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - from))
                .as("100 waits are 180 s")
                .isLessThan(Duration.ofSeconds(20));
        gate.release();
    }

    @Test
    void open_providerAnswersAgain_theEntryIsYoungAgain() {
        KeyManager kms = kms(b -> b.providerExecutor(workers));
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        kms.decrypt(message).toBytes();
        away();
        time.advance(Duration.ofHours(3));
        kms.decrypt(message).toBytes();
        back();
        int before = key.calls(Operation.UNWRAP);
        kms.decrypt(message).toBytes(); // the check in the background
        await(() -> key.calls(Operation.UNWRAP) > before);
        await(() -> told(KmsEvent.OutageServing.class) == 2);
        // The event is told on the way back from the provider, before the entry knows: until the worker has ended.
        await(() -> workers.getCompletedTaskCount() == workers.getTaskCount());
        away();
        time.advance(Duration.ofHours(4).minusSeconds(10));
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
    }

    @Test
    void several_oneAway_sealingGoesOnForTheWindow_andTheOtherOpens() {
        FaultyMasterKey second = new FaultyMasterKey("second");
        KeyManager kms = kms(b -> b.alsoWrapWith(second));
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        for (Operation operation : Operation.values()) {
            second.fail(operation, 10_000, AWAY);
        }
        time.advance(Duration.ofMinutes(9));
        assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        time.advance(Duration.ofMinutes(1));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        second.behave();
        away();
        time.advance(Duration.ofSeconds(6));
        KeyManager other = kms(b -> b.alsoWrapWith(second));
        assertThat(other.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
    }

    // ---- a definite no

    @ParameterizedTest
    @EnumSource(No.class)
    void no_toAGenerate_endsSealingAtOnce_outageOrNot(No no) {
        KeyManager kms = kms();
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        kms.decrypt(message).toBytes();
        away();
        time.advance(Duration.ofMinutes(6));
        kms.encrypt(PLAINTEXT).toBytes();
        back();
        key.fail(Operation.GENERATE, 100, no::make);
        await(() -> {
            try {
                kms.encrypt(PLAINTEXT).toBytes(); // begins the check
                return false;
            } catch (KmsException e) {
                assertThat(e).isInstanceOf(no.make().getClass());
                return true;
            }
        });
        assertThat(told(KmsEvent.KeyEnded.class)).isPositive();
        // In the outage that follows nothing is left to serve with.
        away();
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(KmsException.class);
        if (no == No.DENIED) {
            // That operation alone: what was opened goes on.
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        } else {
            assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(UnavailableException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(No.class)
    void no_toACheckOfAnOpenedKey_endsWhatIsConcernedAlone(No no) {
        KeyManager kms = kms();
        byte[] ended = kms.encrypt(PLAINTEXT).context("a", "1").toBytes();
        byte[] sameVersion = kms.encrypt(PLAINTEXT).context("a", "2").toBytes();
        key.rotate();
        byte[] otherVersion = kms(b -> {}).encrypt(PLAINTEXT).context("a", "3").toBytes();
        kms.decrypt(ended).context("a", "1").toBytes();
        kms.decrypt(sameVersion).context("a", "2").toBytes();
        kms.decrypt(otherVersion).context("a", "3").toBytes();
        time.advance(AGE);
        key.fail(Operation.UNWRAP, 1, no::make);
        assertThatThrownBy(() -> kms.decrypt(ended).context("a", "1").toBytes()).isInstanceOf(KmsException.class);
        assertThat(told(KmsEvent.KeyEnded.class)).isEqualTo(1);
        away();
        assertThatThrownBy(() -> kms.decrypt(ended).context("a", "1").toBytes())
                .isInstanceOf(UnavailableException.class);
        assertThat(kms.decrypt(otherVersion).context("a", "3").toBytes()).isEqualTo(PLAINTEXT);
        if (no == No.DENIED) {
            assertThat(kms.decrypt(sameVersion).context("a", "2").toBytes()).isEqualTo(PLAINTEXT);
        } else {
            assertThatThrownBy(() -> kms.decrypt(sameVersion).context("a", "2").toBytes())
                    .isInstanceOf(UnavailableException.class);
        }
    }

    @Test
    void no_toAHeaderThatNeverOpened_endsNothing_andStartsOneCheckASecond() {
        KeyManager kms = kms();
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        kms.decrypt(message).toBytes();
        byte[] foreign =
                kms(b -> {}).encrypt(PLAINTEXT).context("foreign", "one").toBytes();
        int before = key.calls(Operation.UNWRAP);
        for (int i = 0; i < 20; i++) {
            key.fail(Operation.UNWRAP, 1, No.DISABLED::make);
            assertThatThrownBy(
                            () -> kms.decrypt(foreign).context("foreign", "one").toBytes())
                    .isInstanceOf(RefusedException.class);
            int asked = before + i + 2;
            await(() -> key.calls(Operation.UNWRAP) >= asked);
        }
        assertThat(key.calls(Operation.UNWRAP)).as("20 asked, 1 checked").isEqualTo(before + 21);
        assertThat(told(KmsEvent.KeyEnded.class)).isZero();
        assertThat(told(KmsEvent.BreakerChanged.class)).isZero();
        away();
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
    }

    @Test
    void no_toEachGenerate_isToldOnceASecond() {
        KeyManager kms = kms();
        key.fail(Operation.GENERATE, 100, No.DENIED::make);
        for (int i = 0; i < 20; i++) {
            String context = "c" + i;
            assertThatThrownBy(
                            () -> kms.encrypt(PLAINTEXT).context("a", context).toBytes())
                    .isInstanceOf(PermissionDeniedException.class);
        }
        assertThat(told(KmsEvent.KeyEnded.class)).isEqualTo(1);
        time.advance(Duration.ofSeconds(1));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(PermissionDeniedException.class);
        assertThat(told(KmsEvent.KeyEnded.class)).isEqualTo(2);
    }

    @Test
    void no_whileAnAnswerIsUnderWay_theAnswerServesWhoWaitedAndIsNotKept() throws Exception {
        byte[] message = kms().encrypt(PLAINTEXT).toBytes();
        KeyManager kms = kms(Duration.ofSeconds(30), builder -> {});
        Gate gate = key.hold(Operation.UNWRAP);
        CompletableFuture<byte[]> waiting =
                CompletableFuture.supplyAsync(() -> kms.decrypt(message).toBytes(), task -> new Thread(task).start());
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        key.fail(Operation.GENERATE, 1, No.DELETED::make);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(KeyNotFoundException.class);
        gate.release();
        assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(PLAINTEXT);
        int before = key.calls(Operation.UNWRAP);
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(key.calls(Operation.UNWRAP)).as("asked again").isEqualTo(before + 1);
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(key.calls(Operation.UNWRAP)).as("kept from then on").isEqualTo(before + 1);
    }

    @Test
    void invalidCiphertexts_endNothing() {
        KeyManager kms = kms();
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        kms.decrypt(message).toBytes();
        byte[] forged = kms(b -> {}).encrypt(PLAINTEXT).context("x", "y").toBytes();
        for (int i = 0; i < 20; i++) {
            key.fail(Operation.UNWRAP, 1, AuthenticationFailedException::new);
            assertThatThrownBy(() -> kms.decrypt(forged).context("x", "y").toBytes())
                    .isInstanceOf(AuthenticationFailedException.class);
        }
        away();
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(told(KmsEvent.KeyEnded.class)).isZero();
    }

    @Test
    void contexts_overAThousand_areToldOnce() {
        KeyManager kms = kms();
        for (int i = 0; i < 1_100; i++) {
            kms.encrypt(PLAINTEXT).context("row", "" + i).toBytes();
        }
        assertThat(told(KmsEvent.ManyContexts.class)).isEqualTo(1);
    }
}
