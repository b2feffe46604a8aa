package io.sealwright.kms.core.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MasterKeyMetrics;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What stands round each call to a master key. */
@Timeout(60)
class GuardTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));
    private static final Supplier<KmsException> NOTHING =
            () -> new UnavailableException("Nothing came.", "A test.", "None.");

    private final ManualTime time = new ManualTime();
    private final List<KmsEvent> events = new CopyOnWriteArrayList<>();
    private final FaultyMasterKey key = new FaultyMasterKey("guarded");
    private ProviderCalls calls = calls(Duration.ofSeconds(10), 3);

    private ProviderCalls calls(Duration deadline, int attempts) {
        return new ProviderCalls(deadline, attempts, null, new Events(List.of(events::add)), time);
    }

    @AfterEach
    void close() {
        key.behave();
        calls.close();
    }

    /** The definite noes. */
    enum No {
        DELETED,
        DISABLED,
        DENIED;

        KmsException make() {
            return switch (this) {
                case DELETED -> new KeyNotFoundException("It is not there.", "A test.", "None.");
                case DISABLED ->
                    new RefusedException(ErrorCode.KMS_KEY_STATE_REFUSED, "It is disabled.", "A test.", "None.");
                case DENIED -> new PermissionDeniedException("It is denied.", "A test.", "None.");
            };
        }
    }

    private GeneratedKey generate() {
        return calls.call("a test", () -> calls.invoke(key, Operation.GENERATE, () -> key.generate(BINDING)));
    }

    private void unwrap(Recipient recipient, Standing standing) {
        calls.call("a test", () -> calls.invoke(key, Operation.UNWRAP, standing, () -> key.unwrap(recipient, BINDING)))
                .close();
    }

    private <T extends KmsEvent> List<T> told(Class<T> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    private void openBreaker() {
        key.fail(FaultyMasterKey.Operation.GENERATE, 6, NOTHING);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(this::generate).isInstanceOf(UnavailableException.class);
        }
        assertThat(told(KmsEvent.BreakerChanged.class))
                .extracting(KmsEvent.BreakerChanged::open)
                .containsExactly(true);
        key.behave();
    }

    @Test
    void invoke_noAnswerTwice_isRepeated_andToldOnce() {
        key.fail(FaultyMasterKey.Operation.GENERATE, 2, NOTHING);
        generate().close();
        assertThat(key.calls()).isEqualTo(3);
        assertThat(told(KmsEvent.ProviderRetried.class))
                .extracting(KmsEvent.ProviderRetried::attempt)
                .containsExactly(1, 2);
        assertThat(told(KmsEvent.ProviderCall.class)).singleElement().satisfies(call -> {
            assertThat(call.outcome()).isNull();
            assertThat(call.masterKey()).isEqualTo(key.uri());
        });
    }

    @Test
    void invoke_neverAnAnswer_endsAfterAllAttempts() {
        key.fail(FaultyMasterKey.Operation.GENERATE, 100, NOTHING);
        assertThatThrownBy(this::generate).isInstanceOf(UnavailableException.class);
        assertThat(key.calls()).isEqualTo(3);
        assertThat(told(KmsEvent.ProviderCall.class))
                .singleElement()
                .satisfies(call -> assertThat(call.outcome()).isEqualTo(ErrorCode.KMS_UNAVAILABLE));
    }

    @Test
    void invoke_pausesBetweenAttempts_growAndDiffer() {
        calls.close();
        calls = calls(Duration.ofSeconds(30), 4);
        List<Duration> first = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            FaultyMasterKey other = new FaultyMasterKey("other" + i);
            other.fail(FaultyMasterKey.Operation.CHECK, 3, NOTHING);
            calls.call("a test", () -> calls.invoke(other, Operation.CHECK, other::check));
        }
        for (KmsEvent.ProviderRetried retried : told(KmsEvent.ProviderRetried.class)) {
            long middle = 100L << (retried.attempt() - 1);
            assertThat(retried.pause().toMillis()).isBetween(middle / 2, middle * 3 / 2);
            if (retried.attempt() == 1) {
                first.add(retried.pause());
            }
        }
        assertThat(first).hasSize(5);
        assertThat(first.stream().distinct().count()).isGreaterThan(1);
    }

    @ParameterizedTest
    @EnumSource(No.class)
    void invoke_definiteNo_isNotRepeated_andNeverOpensTheBreaker(No no) {
        key.fail(FaultyMasterKey.Operation.GENERATE, 20, no::make);
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(this::generate).isInstanceOf(no.make().getClass());
        }
        assertThat(key.calls()).isEqualTo(20);
        assertThat(told(KmsEvent.BreakerChanged.class)).isEmpty();
        generate().close();
    }

    @Test
    void invoke_invalidCiphertext_isNotRepeated_andNeverOpensTheBreaker() {
        Recipient broken = new Recipient(1, new byte[] {1}, new byte[40]);
        for (Standing standing : Standing.values()) {
            for (int i = 0; i < 10; i++) {
                assertThatThrownBy(() -> unwrap(broken, standing)).isInstanceOf(AuthenticationFailedException.class);
            }
        }
        assertThat(key.calls()).isEqualTo(20);
        assertThat(told(KmsEvent.BreakerChanged.class)).isEmpty();
    }

    @Test
    void invoke_noAnswerToForeignWraps_neverOpensTheBreaker() {
        Recipient foreign = new Recipient(1, new byte[] {1}, new byte[40]);
        key.fail(FaultyMasterKey.Operation.UNWRAP, 30, NOTHING);
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> unwrap(foreign, Standing.NEW)).isInstanceOf(UnavailableException.class);
        }
        assertThat(key.calls()).isEqualTo(15);
        assertThat(told(KmsEvent.BreakerChanged.class)).isEmpty();
    }

    @Test
    void invoke_noAnswerToChecks_opensTheBreaker() {
        Recipient good = key.wrap(io.sealwright.kms.SecretBytes.copyOf(new byte[32]), BINDING);
        key.fail(FaultyMasterKey.Operation.UNWRAP, 6, NOTHING);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> unwrap(good, Standing.PROVEN)).isInstanceOf(UnavailableException.class);
        }
        assertThat(told(KmsEvent.BreakerChanged.class)).hasSize(1);
    }

    @Test
    void rotate_noAnswer_isNeverRepeated() {
        key.fail(FaultyMasterKey.Operation.ROTATE, 3, NOTHING);
        assertThatThrownBy(() -> calls.call("a test", () -> calls.invoke(key, Operation.ROTATE, key::rotate)))
                .isInstanceOf(UnavailableException.class);
        assertThat(key.calls()).isEqualTo(1);
    }

    @Test
    void invoke_firstAttemptHangs_isCut_andTheNextAnswers() {
        calls.close();
        calls = calls(Duration.ofSeconds(6), 3);
        // The first alone, without this thread's help: it might come too late to let the second through.
        key.fail(FaultyMasterKey.Operation.GENERATE, 1, GuardTest::hangsUntilInterrupted);
        generate().close(); // within the deadline, or this would throw
        assertThat(key.calls()).isEqualTo(2);
        assertThat(told(KmsEvent.ProviderRetried.class)).hasSize(1);
    }

    private static KmsException hangsUntilInterrupted() {
        try {
            new CountDownLatch(1).await();
            throw new IllegalStateException("nobody counts it down");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new CallInterruptedException("It was interrupted.", "A test.", "None.", e);
        }
    }

    @Test
    void invoke_hangsForGood_endsAtTheDeadlineWithOneTypedError() {
        calls.close();
        Duration deadline = Duration.ofSeconds(2);
        calls = calls(deadline, 3);
        Gate gate = key.hold(FaultyMasterKey.Operation.GENERATE);
        long from = System.nanoTime();
        assertThatThrownBy(this::generate).isInstanceOf(UnavailableException.class);
        // A little before it, if what is left has no room for the pause before another attempt, of 300 ms at most.
        assertThat(Duration.ofNanos(System.nanoTime() - from))
                .as("one deadline, not one for each attempt")
                .isBetween(deadline.minusMillis(400), deadline.multipliedBy(3));
        gate.release();
    }

    @Test
    void breaker_open_asksNobody_andATrialClosesIt() {
        openBreaker();
        int before = key.calls();
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(this::generate)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("was not asked");
        }
        assertThat(key.calls()).isEqualTo(before);
        time.advance(Breaker.PAUSE.plusMillis(1));
        generate().close();
        assertThat(told(KmsEvent.BreakerChanged.class))
                .extracting(KmsEvent.BreakerChanged::open)
                .containsExactly(true, false);
        generate().close();
        MasterKeyMetrics metrics = calls.metrics(key);
        assertThat(metrics.refusedByBreaker()).isEqualTo(10);
        assertThat(metrics.breakerOpen()).isFalse();
        assertThat(metrics.calls()).isEqualTo(4);
        assertThat(metrics.noAnswers()).isEqualTo(2);
    }

    @Test
    void breaker_trialGetsNoAnswer_staysOpen_andOneCallOnlyTries() throws Exception {
        openBreaker();
        time.advance(Breaker.PAUSE.plusMillis(1));
        int before = key.calls();
        Gate gate = key.hold(FaultyMasterKey.Operation.GENERATE);
        key.fail(FaultyMasterKey.Operation.GENERATE, 1, NOTHING);
        CompletableFuture<GeneratedKey> trial = calls.submit(
                "a test",
                () -> calls.invoke(key, Operation.GENERATE, () -> key.generate(BINDING)),
                GeneratedKey::close);
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        assertThatThrownBy(this::generate).hasMessageContaining("was not asked");
        gate.release();
        assertThatThrownBy(() -> calls.await("a test", trial)).isInstanceOf(UnavailableException.class);
        assertThatThrownBy(this::generate).hasMessageContaining("was not asked");
        assertThat(key.calls()).isEqualTo(before + 1);
        assertThat(told(KmsEvent.BreakerChanged.class)).hasSize(1);
    }

    @Test
    void breaker_trialIsAForeignWrap_decidesNothing() {
        openBreaker();
        time.advance(Breaker.PAUSE.plusMillis(1));
        Recipient foreign = new Recipient(1, new byte[] {1}, new byte[40]);
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> unwrap(foreign, Standing.NEW)).isInstanceOf(AuthenticationFailedException.class);
        }
        assertThat(told(KmsEvent.BreakerChanged.class)).hasSize(1);
        generate().close();
        assertThat(told(KmsEvent.BreakerChanged.class)).hasSize(2);
    }

    /** What was to be done says nothing of who kept it waiting, nor of what came of the attempts before. */
    @Test
    void deadlineOver_errorNamesTheMasterKey_andWhatAnAttemptBeforeSaid() {
        calls.close();
        calls = calls(Duration.ofSeconds(2), 1); // a worker that has not begun by then waits for nobody yet
        Gate gate = key.hold(FaultyMasterKey.Operation.GENERATE);
        assertThatThrownBy(this::generate)
                .isInstanceOf(UnavailableException.class)
                .hasMessageStartingWith("No answer within 2000 ms: a test. It waited for: generate with " + key.uri());
        gate.release();

        UnavailableException said = new UnavailableException("No door.", "It is a wall.", "Check THE_ADDRESS.");
        assertThatThrownBy(() -> calls.call("a test", () -> {
                    calls.asking("generate with " + key.uri(), said);
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return true;
                }))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("generate with " + key.uri() + ". An attempt before ended so: No door.")
                .hasMessageContaining("Check THE_ADDRESS.");
    }

    @Test
    void lastAttemptIsCut_errorIsWhatAnAttemptBeforeSaid() {
        calls.close();
        calls = calls(Duration.ofSeconds(2), 2);
        AtomicInteger asked = new AtomicInteger();
        assertThatThrownBy(() -> calls.call(
                        "a test",
                        () -> calls.invoke(key, Operation.UNWRAP, Standing.PROVEN, () -> {
                            if (asked.incrementAndGet() == 1) {
                                throw NOTHING.get();
                            }
                            return calls.await("a wait inside", new CompletableFuture<>());
                        })))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("Nothing came.");
        assertThat(asked).hasValue(2);
    }

    @Test
    void breaker_trialHangsInNativeCode_doesNotKeepThePlaceForGood() {
        calls.close();
        calls = calls(Duration.ofSeconds(2), 1); // a worker that has not begun by then makes no trial
        key.fail(FaultyMasterKey.Operation.GENERATE, 5, NOTHING);
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(this::generate).isInstanceOf(UnavailableException.class);
        }
        time.advance(Breaker.PAUSE.plusMillis(1));
        Gate gate = key.holdUninterruptibly(FaultyMasterKey.Operation.GENERATE);
        assertThatThrownBy(this::generate).hasMessageContaining("No answer within");
        assertThatThrownBy(this::generate).hasMessageContaining("was not asked");
        key.behave();
        time.advance(Breaker.PAUSE.plusMillis(1));
        generate().close();
        gate.release();
        assertThat(told(KmsEvent.BreakerChanged.class)).hasSize(2);
    }

    /** A caller's deadline that is nearly over is no word about the provider. */
    @Test
    void noAnswer_toCallsThatHadNoTime_doesNotOpenTheBreaker() {
        calls.close();
        calls = calls(Duration.ofMillis(500), 1);
        key.fail(FaultyMasterKey.Operation.GENERATE, 100, NOTHING);
        for (int i = 0; i < 8; i++) {
            assertThatThrownBy(() -> calls.call("a test", () -> {
                        sleep(470); // of 500 ms
                        return calls.invoke(key, Operation.GENERATE, () -> key.generate(BINDING));
                    }))
                    .isInstanceOf(UnavailableException.class);
        }
        assertThat(told(KmsEvent.BreakerChanged.class)).isEmpty();
        for (int i = 0; i < 8; i++) {
            assertThatThrownBy(this::generate).isInstanceOf(UnavailableException.class);
        }
        assertThat(told(KmsEvent.BreakerChanged.class)).as("with time").hasSize(1);
    }

    /** Two cuts at one moment give one interrupt: the outer work must still be cut. */
    @Test
    void cut_insideAnother_endsBoth() {
        long from = System.nanoTime();
        long soon = Duration.ofMillis(100).toNanos();
        assertThatThrownBy(() -> Cut.run(calls, "outer", soon, () -> {
                    assertThatThrownBy(() -> Cut.run(calls, "inner", soon, () -> {
                                sleep(10_000);
                                sleepUninterrupted(300); // both have come by then
                                throw NOTHING.get();
                            }))
                            .isInstanceOf(UnavailableException.class)
                            .hasMessageContaining("inner");
                    sleep(10_000);
                    throw NOTHING.get();
                }))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("outer");
        assertThat(System.nanoTime() - from).isLessThan(Duration.ofSeconds(9).toNanos());
        assertThat(Thread.interrupted()).as("taken back").isFalse();
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void sleepUninterrupted(long millis) {
        long until = System.nanoTime() + Duration.ofMillis(millis).toNanos();
        boolean interrupted = false;
        while (System.nanoTime() - until < 0) {
            interrupted |= Thread.interrupted();
            sleep(1);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void overload_isTyped_leavesChecksTheirPlaces_andNeverOpensTheBreaker() throws Exception {
        calls.close();
        calls = calls(Duration.ofSeconds(45), 1); // nothing is to end by its deadline, however late threads begin
        Gate gate = key.hold(FaultyMasterKey.Operation.UNWRAP);
        Recipient good = key.wrap(io.sealwright.kms.SecretBytes.copyOf(new byte[32]), BINDING);
        List<CompletableFuture<?>> flights = new ArrayList<>();
        for (int i = 0; i < Guard.MOST_CALLS; i++) {
            flights.add(flight(good, Standing.NEW));
        }
        gate.awaitWaiting(Guard.MOST_CALLS, Duration.ofSeconds(10));
        for (int i = 0; i < Guard.MOST_WAITING; i++) {
            flights.add(flight(good, Standing.NEW));
        }
        for (int i = 0; i < 16; i++) {
            flights.add(flight(good, Standing.NEW));
        }
        // Which of them finds no place to wait is a matter of the threads' order, how many do is not. All must have
        // been
        // told before the release, when there is room again: a thread that is slow to begin would find it.
        int taken = Guard.MOST_CALLS + Guard.MOST_WAITING;
        for (int i = 0; i < 4_000 && refused(flights) < flights.size() - taken; i++) {
            Thread.sleep(5);
        }
        assertThat(refused(flights)).isEqualTo(16);
        CompletableFuture<?> proven = flight(good, Standing.PROVEN);
        gate.awaitWaiting(Guard.MOST_CALLS + 1, Duration.ofSeconds(10));
        gate.release();
        proven.join();
        int done = 0;
        for (CompletableFuture<?> flight : flights) {
            try {
                flight.get(10, TimeUnit.SECONDS);
                done++;
            } catch (ExecutionException e) {
                assertThat(e.getCause())
                        .isInstanceOf(OverloadedException.class)
                        .hasMessageContaining("under way already");
            }
        }
        assertThat(done).isEqualTo(taken);
        assertThat(calls.metrics(key).overloaded()).isEqualTo(16);
        assertThat(told(KmsEvent.BreakerChanged.class)).isEmpty();
    }

    /** What it would ask comes too late for whoever interrupted it. */
    @Test
    void invoke_onAnInterruptedThread_asksNobody() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> calls.invoke(key, Operation.GENERATE, () -> key.generate(BINDING)))
                .isInstanceOf(CallInterruptedException.class);
        assertThat(Thread.interrupted()).as("kept").isTrue();
        assertThat(key.calls()).isZero();
    }

    private static long refused(List<CompletableFuture<?>> flights) {
        return flights.stream().filter(CompletableFuture::isDone).count();
    }

    private CompletableFuture<?> flight(Recipient recipient, Standing standing) {
        return calls.begin(
                "a test",
                () -> {
                    calls.invoke(key, Operation.UNWRAP, standing, () -> key.unwrap(recipient, BINDING))
                            .close();
                    return true;
                },
                done -> {});
    }
}
