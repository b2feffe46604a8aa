package io.sealwright.kms.core.sealing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import io.sealwright.kms.testkit.time.ManualTime;
import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Data keys under many callers, and with a master key that hangs, fails and lies. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // a loop without end cannot be interrupted
class SealingTargetStress {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final byte[] PLAINTEXT = new byte[20];

    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey key = new FaultyMasterKey("main");
    private final OpenManagers open = new OpenManagers();

    private KeyManager kms(Duration deadline, Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder()
                .masterKey(key)
                .timeSource(time)
                .deadline(deadline)
                .retryAttempts(1);
        more.accept(builder);
        return open.add(builder.build());
    }

    private KeyManager kms() {
        return kms(SOON, builder -> {});
    }

    @AfterEach
    void close() {
        key.behave();
        open.close();
    }

    /** Kinds of threads that this JVM has; virtual ones from 21 on. */
    static Stream<String> threads() {
        return Runtime.version().feature() >= 21 ? Stream.of("platform", "virtual") : Stream.of("platform");
    }

    // ---- single flight

    @ParameterizedTest
    @MethodSource("threads")
    void seal_64ThreadsMeetAColdThenAnExpiredKey_oneProviderCallEach(String kind) throws Exception {
        KeyManager kms = kms();
        for (int round = 1; round <= 3; round++) {
            Gate gate = key.hold(Operation.GENERATE);
            Callers<byte[]> callers =
                    new Callers<>(kind, 64, i -> kms.encrypt(PLAINTEXT).toBytes());
            gate.awaitWaiting(1, SOON);
            callers.awaitAllWaiting();
            gate.release();
            List<byte[]> messages = callers.results();
            assertThat(messages).hasSize(64);
            assertThat(messages.stream().map(SealingTargetStress::dataKey).distinct())
                    .hasSize(1);
            assertThat(messages.stream().map(SealingTargetStress::nonce).distinct())
                    .hasSize(64);
            assertThat(key.calls(Operation.GENERATE)).isEqualTo(round);
            time.advance(Duration.ofMinutes(5));
        }
        assertThat(key.calls()).isEqualTo(3);
    }

    @Test
    void sealAsync_64CallsMeetAColdKey_oneProviderCallAndNobodyWaits() {
        KeyManager kms = kms();
        Gate gate = key.hold(Operation.GENERATE);
        List<CompletableFuture<byte[]>> stages = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            // Made on this thread: had any of them waited, the next would never begin.
            stages.add(kms.async().encrypt(PLAINTEXT).toBytes().toCompletableFuture());
        }
        assertThat(stages).noneMatch(CompletableFuture::isDone);
        gate.release();
        assertThat(stages.stream()
                        .map(CompletableFuture::join)
                        .map(SealingTargetStress::dataKey)
                        .distinct())
                .hasSize(1);
        assertThat(key.calls()).isEqualTo(1);
    }

    @Test
    void seal_oneOfTwoWaitersInterrupted_theOtherGetsItsKey() throws Exception {
        KeyManager kms = kms();
        Gate gate = key.hold(Operation.GENERATE);
        boolean[] flag = new boolean[1];
        Callers<byte[]> first = new Callers<>("platform", 1, i -> {
            try {
                return kms.encrypt(PLAINTEXT).toBytes();
            } finally {
                flag[0] = Thread.currentThread().isInterrupted();
            }
        });
        gate.awaitWaiting(1, SOON);
        Callers<byte[]> second =
                new Callers<>("platform", 1, i -> kms.encrypt(PLAINTEXT).toBytes());
        first.awaitAllWaiting();
        second.awaitAllWaiting();
        first.threads.get(0).interrupt();
        assertThat(first.failures()).singleElement().isInstanceOf(CallInterruptedException.class);
        assertThat(flag[0]).isTrue();
        gate.release();
        assertThat(second.results()).hasSize(1);
        assertThat(key.calls()).isEqualTo(1);
    }

    // ---- refresh ahead

    @Test
    void seal_refreshDue_happensInTheBackgroundAndNobodyWaits() throws Exception {
        KeyManager kms = kms();
        String before = dataKey(kms.encrypt(PLAINTEXT).toBytes());
        time.advance(Duration.ofMinutes(4));
        Gate gate = key.hold(Operation.GENERATE);
        List<byte[]> meanwhile =
                new Callers<>("platform", 64, i -> kms.encrypt(PLAINTEXT).toBytes()).results();
        gate.awaitWaiting(1, SOON);
        assertThat(meanwhile).allMatch(message -> dataKey(message).equals(before));
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(2);
        gate.release();
        await(() -> !dataKey(kms.encrypt(PLAINTEXT).toBytes()).equals(before));
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(2);
    }

    @Test
    void seal_refreshFails_keepsTheKeyUntilItsAgeThenFailsTyped() {
        KeyManager kms = kms();
        String before = dataKey(kms.encrypt(PLAINTEXT).toBytes());
        // Neither a definite no, which would end the key at once, nor the absence of an answer.
        key.fail(
                Operation.GENERATE,
                1000,
                () -> new RefusedException(ErrorCode.KMS_OPERATION_REFUSED, "No.", "Because.", "Ask."));
        time.advance(Duration.ofMinutes(4));
        Instant lastSecond = time.instant().plusSeconds(59);
        for (int call = 2; call < 12; call++) {
            int expected = call;
            await(() -> {
                assertThat(dataKey(kms.encrypt(PLAINTEXT).toBytes())).isEqualTo(before);
                if (key.calls(Operation.GENERATE) == expected) {
                    return true;
                }
                // The pause began when the failure was noted, which may have been after the clock was moved.
                time.advance(Duration.ofMillis(1));
                return false;
            });
            // Tried again a little later, not for every message.
            assertThat(dataKey(kms.encrypt(PLAINTEXT).toBytes())).isEqualTo(before);
            assertThat(key.calls(Operation.GENERATE)).isEqualTo(expected);
            time.advance(Duration.ofSeconds(1));
        }
        time.advance(Duration.between(time.instant(), lastSecond));
        assertThat(dataKey(kms.encrypt(PLAINTEXT).toBytes())).isEqualTo(before);
        time.advance(Duration.ofSeconds(1));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(RefusedException.class);
        key.behave();
        assertThat(dataKey(kms.encrypt(PLAINTEXT).toBytes())).isNotEqualTo(before);
    }

    @Test
    void seal_answerLaterThanTheAge_isNeverUsed() {
        KeyManager kms = kms();
        // The age counts from before the call: what comes back is spent already, and the next call asks again.
        key.answerLate(() -> time.advance(Duration.ofMinutes(6)), Operation.GENERATE);
        String first = dataKey(kms.encrypt(PLAINTEXT).toBytes());
        key.behave();
        assertThat(dataKey(kms.encrypt(PLAINTEXT).toBytes())).isNotEqualTo(first);
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(2);
    }

    // ---- bounds

    @ParameterizedTest
    @EnumSource(
            value = Suite.class,
            names = {"AES_256_GCM", "XAES_256_GCM", "CHUNKED_AES_256_GCM"})
    void seal_manyThreadsSmallBounds_noKeyBeyondThem(Suite suite) throws Exception {
        demandBounds(suite, 100, 7);
        // 65536 bytes hold four such messages; a chunked message counts no bytes.
        demandBounds(suite, 15_000, suite == Suite.CHUNKED_AES_256_GCM ? 7 : 4);
    }

    private void demandBounds(Suite suite, int length, int most) throws Exception {
        KeyManager kms = kms(
                SOON,
                builder -> builder.dataKeys(
                        policy -> policy.maxMessagesPerEpoch(7).maxEpochs(5).maxBytesPerEpoch(65536)));
        byte[] plaintext = new byte[length];
        List<List<byte[]>> messages = new Callers<>("platform", 8, i -> {
                    List<byte[]> mine = new ArrayList<>();
                    for (int n = 0; n < 40; n++) {
                        mine.add(head(kms.encrypt(plaintext).suite(suite).toBytes()));
                    }
                    return mine;
                })
                .results();
        Map<String, Integer> perSalt = new TreeMap<>();
        Map<String, String> keyOfSalt = new TreeMap<>();
        messages.stream().flatMap(List::stream).forEach(message -> {
            perSalt.merge(salt(message), 1, Integer::sum);
            keyOfSalt.put(salt(message), dataKey(message));
        });
        assertThat(perSalt.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(320);
        assertThat(perSalt.values()).allMatch(count -> count <= most);
        assertThat(perSalt.values()).anyMatch(count -> count > 1);
        Map<String, Long> saltsPerKey =
                keyOfSalt.values().stream().collect(Collectors.groupingBy(k -> k, Collectors.counting()));
        assertThat(saltsPerKey.values()).allMatch(count -> count <= 5);
        assertThat(key.calls(Operation.GENERATE)).isGreaterThanOrEqualTo(saltsPerKey.size());
    }

    @Test
    void seal_oneMessageADataKey_asksForEachAndEnds() {
        // The clock stands near the overflow of nanoTime: a retired key must count as retired there too.
        KeyManager kms = kms(
                SOON,
                builder ->
                        builder.dataKeys(policy -> policy.maxMessagesPerEpoch(1).maxEpochs(1)));
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            keys.add(dataKey(kms.encrypt(PLAINTEXT).toBytes()));
        }
        assertThat(keys).doesNotHaveDuplicates();
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(20);
    }

    @Test
    void seal_afterRestore_newSaltSameDataKey() {
        KeyManager kms = kms();
        byte[] before = kms.encrypt(PLAINTEXT).toBytes();
        kms.afterRestore();
        byte[] after = kms.encrypt(PLAINTEXT).toBytes();
        assertThat(salt(after)).isNotEqualTo(salt(before));
        assertThat(dataKey(after)).isEqualTo(dataKey(before));
        assertThat(key.calls()).isEqualTo(1);
    }

    // ---- a provider that hangs

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void seal_providerHangs_failsWithinTheDeadlineAndHoldsFewThreads(boolean interruptible) {
        KeyManager kms = kms(Duration.ofMillis(100), builder -> {});
        kms().encrypt(PLAINTEXT).toBytes(); // classes are loaded before the clock runs
        Gate gate = interruptible ? key.hold(Operation.GENERATE) : key.holdUninterruptibly(Operation.GENERATE);
        for (int i = 0; i < 20; i++) {
            long from = System.nanoTime();
            assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes())
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageMatching(".*(within 100 ms|was not asked).*");
            assertThat(Duration.ofNanos(System.nanoTime() - from))
                    .as("100 ms, not the usual deadline of 10 s")
                    .isLessThan(Duration.ofSeconds(9));
        }
        // What an interrupt does not end stays, up to the bound of calls under way to one key.
        if (interruptible) {
            await(() -> gate.waiting() == 0);
        } else {
            assertThat(gate.waiting()).isLessThanOrEqualTo(16);
        }
        CompletableFuture<byte[]> stage =
                kms.async().encrypt(PLAINTEXT).toBytes().toCompletableFuture();
        assertThatThrownBy(stage::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(UnavailableException.class);
        assertThat(stage.handle((done, failure) -> failure).join()).isInstanceOf(UnavailableException.class);
        key.behave();
        await(() -> gate.waiting() == 0);
        // By itself, at a trial that the breaker lets through. One that took longer than 100 ms says nothing but that
        // the
        // machine is slow: the next one comes after another pause.
        await(() -> {
            time.advance(Duration.ofSeconds(6));
            try {
                return kms.encrypt(PLAINTEXT).toBytes().length > 0;
            } catch (UnavailableException e) {
                return false;
            }
        });
    }

    @Test
    void seal_manyContextsAndAHangingProvider_isOverloadedWhileHotKeysAndOtherCallsGoOn() throws Exception {
        FaultyMasterKey other = new FaultyMasterKey("other");
        KeyManager kms = kms(SOON, builder -> {});
        KeyManager second = open.add(KeyManager.builder()
                .masterKey(other)
                .alsoOpenWith(key)
                .timeSource(time)
                .build());
        byte[] before = kms.encrypt(PLAINTEXT).toBytes();
        Gate gate = key.hold(Operation.GENERATE);
        Callers<byte[]> callers = new Callers<>(
                "platform",
                200,
                i -> kms.encrypt(PLAINTEXT).context("n", "" + i).toBytes());
        gate.awaitWaiting(16, SOON);
        await(() -> callers.done.get() >= 200 - 16 - 60);
        assertThat(gate.waiting()).isEqualTo(16);
        assertThat(dataKey(kms.encrypt(PLAINTEXT).toBytes())).isEqualTo(dataKey(before));
        assertThat(kms.decrypt(before).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(second.decrypt(before).toBytes()).isEqualTo(PLAINTEXT);
        gate.release();
        List<Throwable> refused = callers.failures();
        assertThat(refused).hasSizeBetween(100, 200 - 16).allMatch(OverloadedException.class::isInstance);
        assertThat(callers.succeeded()).hasSize(200 - refused.size());
    }

    // ---- a provider that lies

    @ParameterizedTest
    @EnumSource(Lie.class)
    void seal_providerLies_failsTypedOrIsFoundOutByOpening(Lie lie) {
        FaultyMasterKey second = new FaultyMasterKey("second");
        // Without a window: in one, what was opened before would go on, since a provider that lies has not answered.
        KeyManager kms = kms(
                SOON,
                builder -> builder.alsoWrapWith(second)
                        .outage(o -> o.encryptFor(Duration.ZERO).decryptFor(Duration.ZERO)));
        boolean seen = lie != Lie.WRONG_KEY && lie != Lie.USELESS_WRAP;
        key.lie(lie, Operation.GENERATE);
        if (seen) {
            assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        } else {
            // A data key's wrap is not unwrapped to look: the other recipient opens, this one never gives a wrong key.
            byte[] message = kms.encrypt(PLAINTEXT).toBytes();
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
            assertThat(second.calls(Operation.UNWRAP)).isEqualTo(1);
        }
        key.behave();
        time.advance(Duration.ofMinutes(5));
        second.lie(lie, Operation.WRAP);
        boolean seenWrap = lie == Lie.NULL || lie == Lie.FOREIGN_KIND || lie == Lie.FOREIGN_RECIPIENT;
        if (seenWrap) {
            assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        } else {
            assertThat(kms.decrypt(kms.encrypt(PLAINTEXT).toBytes()).toBytes()).isEqualTo(PLAINTEXT);
        }
        second.behave();
        byte[] good = kms.encrypt(PLAINTEXT).toBytes();
        time.advance(Duration.ofMinutes(5));
        key.lie(lie, Operation.UNWRAP);
        second.lie(lie, Operation.UNWRAP);
        assertThatThrownBy(() -> kms.decrypt(good).toBytes())
                .isInstanceOf(lie == Lie.NULL ? UnavailableException.class : AuthenticationFailedException.class);
    }

    @Test
    void seal_providerThrowsAnything_comesOutTyped() {
        KeyManager kms = kms();
        List<Throwable> weather = List.of(
                new IllegalStateException("x"),
                new NullPointerException(),
                new StackOverflowError(),
                new NoClassDefFoundError("vendor"),
                new UnavailableException("Away.", "Net.", "Wait."));
        for (Throwable thrown : weather) {
            key.fail(Operation.GENERATE, 1, () -> thrown);
            assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        }
        time.advance(Duration.ofSeconds(6)); // five calls without an answer have opened the breaker
        assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
    }

    // ---- closing

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void close_whileCallersWait_endsWithinTheDeadlineAndAllGetTypedErrors(boolean interruptible) throws Exception {
        kms().encrypt(PLAINTEXT).toBytes(); // classes are loaded before the clock runs
        // All must wait at one moment, from the first one's beginning to its deadline.
        Duration deadline = Duration.ofSeconds(3);
        KeyManager kms = kms(deadline, builder -> {});
        Gate gate = interruptible ? key.hold(Operation.GENERATE) : key.holdUninterruptibly(Operation.GENERATE);
        Callers<byte[]> callers =
                new Callers<>("platform", 8, i -> kms.encrypt(PLAINTEXT).toBytes());
        gate.awaitWaiting(1, SOON);
        callers.awaitAllWaiting();
        long from = System.nanoTime();
        kms.close();
        assertThat(Duration.ofNanos(System.nanoTime() - from))
                .as("one deadline, not one for each caller")
                .isLessThan(deadline.multipliedBy(3));
        assertThat(callers.failures())
                .hasSize(8)
                .allMatch(e -> e instanceof UnavailableException || e instanceof ClosedException);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> kms.decrypt(PLAINTEXT).toBytes()).isInstanceOf(ClosedException.class);
        CompletableFuture<byte[]> late =
                kms.async().encrypt(PLAINTEXT).toBytes().toCompletableFuture();
        assertThat(late.handle((done, failure) -> failure).join()).isInstanceOf(ClosedException.class);
    }

    @Test
    void close_whileHotCallsGoOn_theyEndOrAreToldClosed() throws Exception {
        for (int round = 0; round < 30; round++) {
            KeyManager kms = KeyManager.builder()
                    .masterKey(new FaultyMasterKey("round"))
                    .timeSource(time)
                    .build();
            byte[] message = kms.encrypt(PLAINTEXT).toBytes();
            kms.decrypt(message).toBytes();
            AtomicInteger calls = new AtomicInteger();
            Callers<byte[]> callers = new Callers<>("platform", 4, i -> {
                while (true) {
                    Suite suite = i == 0 ? Suite.XAES_256_GCM : i == 1 ? Suite.CHUNKED_AES_256_GCM : Suite.AES_256_GCM;
                    byte[] bytes = i == 3
                            ? message
                            : kms.encrypt(PLAINTEXT).suite(suite).toBytes();
                    assertThat(i == 2 ? PLAINTEXT : kms.decrypt(bytes).toBytes())
                            .isEqualTo(PLAINTEXT);
                    calls.incrementAndGet();
                }
            });
            await(() -> calls.get() > 50);
            kms.close();
            assertThat(callers.failures()).hasSize(4).allMatch(ClosedException.class::isInstance, "closed");
        }
    }

    @Test
    void seal_masterKeyClosedByAnother_isToldAndDoesNotSpin() {
        KeyManager kms = kms();
        key.close();
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> kms.sealer().build().seal(PLAINTEXT)).isInstanceOf(ClosedException.class);
        assertThat(kms.async()
                        .encrypt(PLAINTEXT)
                        .toBytes()
                        .handle((done, failure) -> failure)
                        .toCompletableFuture()
                        .join())
                .isInstanceOf(ClosedException.class);
    }

    @Test
    void sealStream_masterKeyClosedByAnother_isToldAndDoesNotSpin() {
        KeyManager kms = kms();
        key.close();
        assertThatThrownBy(
                        () -> kms.encrypt(new ByteArrayInputStream(PLAINTEXT)).to(OutputStream.nullOutputStream()))
                .isInstanceOf(ClosedException.class);
    }

    @Test
    void seal_namedKeyCompromisedWhileItsDataKeyIsMade_nothingIsSealedUnderIt() throws Exception {
        KeyManager kms = kms(SOON, builder -> builder.store(NamedKeyStore.inMemory()));
        kms.keys().create("orders", KeySpec.AES_256);
        Gate gate = key.hold(Operation.WRAP);
        Call<byte[]> seal =
                i -> kms.encrypt(PLAINTEXT).key("orders").masterKey(key.uri()).toBytes();
        Callers<byte[]> caller = new Callers<>("platform", 1, seal);
        gate.awaitWaiting(1, SOON);
        kms.key("orders").compromise();
        gate.release();
        assertThat(caller.failures()).singleElement().isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> seal.call(0)).isInstanceOf(RefusedException.class);
    }

    // ---- helpers

    /** What names the data key in a message: its first wrap. */
    private static String dataKey(byte[] message) {
        return HexFormat.of().formatHex(header(message).recipients().get(0).wrap());
    }

    private static String salt(byte[] message) {
        return HexFormat.of().formatHex(header(message).salt());
    }

    private static String nonce(byte[] message) {
        int at = header(message).length();
        return HexFormat.of().formatHex(message, at, at + 12);
    }

    private static byte[] head(byte[] message) {
        return java.util.Arrays.copyOf(message, header(message).length() + 12);
    }

    private static Header header(byte[] message) {
        return HeaderParser.parse(message, 0, message.length);
    }

    /** Looks every millisecond until it is so. */
    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                fail("not so after " + SOON);
            }
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
    }

    private interface Call<T> {
        T call(int number) throws Exception;
    }

    /** Threads that begin at one moment. */
    private static final class Callers<T> {
        final List<Thread> threads = new ArrayList<>();
        final AtomicInteger done = new AtomicInteger();
        private final List<T> values = new ArrayList<>(); // guarded by this
        private final List<Throwable> failures = new ArrayList<>(); // guarded by this

        Callers(String kind, int count, Call<T> call) throws Exception {
            java.util.concurrent.CyclicBarrier start = new java.util.concurrent.CyclicBarrier(count);
            for (int i = 0; i < count; i++) {
                int number = i;
                Runnable run = () -> {
                    try {
                        start.await();
                        T value = call.call(number);
                        synchronized (this) {
                            values.add(value);
                        }
                    } catch (Throwable e) {
                        synchronized (this) {
                            failures.add(e);
                        }
                    } finally {
                        done.incrementAndGet();
                    }
                };
                if (kind.equals("virtual")) {
                    threads.add((Thread) Thread.class
                            .getMethod("startVirtualThread", Runnable.class)
                            .invoke(null, run));
                } else {
                    Thread thread = new Thread(run);
                    thread.setDaemon(true);
                    threads.add(thread);
                    thread.start();
                }
            }
        }

        /** Until every one waits for the flight: that wait has a limit, the barrier's has none. */
        void awaitAllWaiting() {
            await(() -> threads.stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING));
        }

        private void join() throws InterruptedException {
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(30));
                assertThat(thread.isAlive()).isFalse();
            }
        }

        List<T> results() throws InterruptedException {
            join();
            synchronized (this) {
                if (!failures.isEmpty()) {
                    throw new AssertionError("a caller failed", failures.get(0));
                }
                return values;
            }
        }

        List<T> succeeded() throws InterruptedException {
            join();
            synchronized (this) {
                return values;
            }
        }

        List<Throwable> failures() throws InterruptedException {
            join();
            synchronized (this) {
                return failures;
            }
        }
    }
}
