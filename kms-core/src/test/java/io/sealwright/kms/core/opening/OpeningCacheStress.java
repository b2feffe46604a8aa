package io.sealwright.kms.core.opening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import io.sealwright.kms.testkit.time.ManualTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The caches of opening: the same answers as without them, one call for however many wait, and an end to everything. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OpeningCacheStress {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration AGE = Duration.ofMinutes(5);
    private static final byte[] PLAINTEXT = "a plaintext".getBytes(StandardCharsets.UTF_8);

    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey key = new FaultyMasterKey("main");
    private final OpenManagers open = new OpenManagers();

    private KeyManager kms(Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder().timeSource(time).retryAttempts(1);
        more.accept(builder);
        return open.add(builder.build());
    }

    private KeyManager kms() {
        return kms(builder -> builder.masterKey(key));
    }

    @AfterEach
    void close() {
        key.behave();
        open.close();
    }

    // ---- the same answers

    private interface Try {
        Object run();
    }

    /** The answer when the keys are in the caches, and when they have aged: one and the same. */
    private void alike(Try warm, Try tried, Class<? extends KmsException> type, ErrorCode code) {
        for (int i = 0; i < 3; i++) {
            warm.run();
            assertThatThrownBy(tried::run, "hot")
                    .isInstanceOfSatisfying(type, e -> assertThat(e.code()).isEqualTo(code));
        }
        time.advance(AGE);
        assertThatThrownBy(tried::run, "cold")
                .isInstanceOfSatisfying(type, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void decrypt_everyRefusalOfPolicy_isTheSameHotAndCold() {
        KeyManager kms = kms(builder -> builder.masterKey(key).store(NamedKeyStore.inMemory()));
        kms.keys().create("orders", KeySpec.AES_256);
        List<byte[]> messages = List.of(
                kms.encrypt(PLAINTEXT).context("a", "b").toBytes(),
                kms.encrypt(PLAINTEXT).context("a", "b").key("orders").toBytes(),
                kms.encrypt(PLAINTEXT).context("a", "b").key("orders").direct().toBytes(),
                kms.encrypt(PLAINTEXT)
                        .context("a", "b")
                        .suite(Suite.XAES_256_GCM)
                        .toBytes(),
                kms.encrypt(new byte[70_000]).context("a", "b").toBytes());
        for (byte[] message : messages) {
            Try warm = () -> kms.decrypt(message).context("a", "b").toBytes();
            Class<AuthenticationFailedException> failed = AuthenticationFailedException.class;
            ErrorCode code = ErrorCode.KMS_AUTHENTICATION_FAILED;
            alike(warm, () -> kms.decrypt(message).toBytes(), failed, code);
            alike(warm, () -> kms.decrypt(message).context("a", "c").toBytes(), failed, code);
            alike(
                    warm,
                    () -> kms.decrypt(message)
                            .context("a", "b")
                            .context("c", "")
                            .toBytes(),
                    failed,
                    code);
            alike(
                    warm,
                    () -> kms.decrypt(message)
                            .context("a", "b")
                            .associatedData(PLAINTEXT)
                            .toBytes(),
                    failed,
                    code);
            alike(
                    warm,
                    () -> kms.decrypt(message)
                            .context("a", "b")
                            .requireLevel(SecurityLevel.QUANTUM_AIDED, SecurityLevel.POST_QUANTUM)
                            .toBytes(),
                    RefusedException.class,
                    ErrorCode.KMS_LEVEL_REFUSED);
            assertThat(kms.decrypt(message)
                            .context("a", "b")
                            .requireLevel(SecurityLevel.STANDARD)
                            .toBytes())
                    .isNotEmpty();
        }
    }

    @Test
    void decrypt_keyMarkedCompromisedWhileCached_isRefusedAtOnce() {
        KeyManager kms = kms(builder -> builder.masterKey(key).store(NamedKeyStore.inMemory()));
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] envelope = kms.encrypt(PLAINTEXT).key("orders").toBytes();
        byte[] direct = kms.encrypt(PLAINTEXT).key("orders").direct().toBytes();
        for (byte[] message : List.of(envelope, direct)) {
            kms.decrypt(message).toBytes();
            kms.decrypt(message).toBytes();
        }
        kms.key("orders").compromise();
        for (byte[] message : List.of(envelope, direct)) {
            alike(
                    () -> kms.decrypt(message).allowCompromised().toBytes(),
                    () -> kms.decrypt(message).toBytes(),
                    RefusedException.class,
                    ErrorCode.KMS_KEY_STATE_REFUSED);
            assertThat(kms.decrypt(message).allowCompromised().toBytes()).isEqualTo(PLAINTEXT);
        }
    }

    @Test
    void decrypt_keyForMacsNamedAsRecipient_isNoMatch() {
        KeyManager kms = kms(builder -> builder.masterKey(key).store(NamedKeyStore.inMemory()));
        kms.keys().create("tags", KeySpec.HMAC_SHA256);
        byte[] tag = kms.key("tags").mac(PLAINTEXT);
        byte[] id = new byte[24];
        System.arraycopy(tag, 0, id, 0, 16);
        byte[] message = message(List.of(new Recipient(2, id, new byte[72])));
        assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(NoMatchingRecipientException.class);
    }

    // ---- one call

    @Test
    void decrypt_64ThreadsMeetAColdThenAnAgedHeader_oneUnwrapEach() throws Exception {
        byte[] message = kms().encrypt(PLAINTEXT).toBytes();
        KeyManager kms = kms();
        for (int round = 1; round <= 2; round++) {
            Gate gate = key.hold(Operation.UNWRAP);
            List<Thread> threads = new ArrayList<>();
            List<Future<byte[]>> opened =
                    together(64, threads, i -> kms.decrypt(message).toBytes());
            gate.awaitWaiting(1, SOON);
            await(() -> threads.stream().allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING));
            gate.release();
            for (Future<byte[]> each : opened) {
                assertThat(each.get()).isEqualTo(PLAINTEXT);
            }
            assertThat(key.calls(Operation.UNWRAP)).isEqualTo(round);
            time.advance(AGE);
        }
    }

    @Test
    void decrypt_distinctHeadersOfOneDataKey_oneUnwrap() throws Exception {
        KeyManager sealing = kms(builder -> builder.masterKey(key).dataKeys(p -> p.maxMessagesPerEpoch(1)));
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            messages.add(sealing.encrypt(PLAINTEXT).toBytes());
        }
        assertThat(key.calls()).isEqualTo(1);
        KeyManager kms = kms();
        Gate gate = key.hold(Operation.UNWRAP);
        List<CompletableFuture<byte[]>> opened = new ArrayList<>();
        for (byte[] message : messages) {
            opened.add(kms.async().decrypt(message).toBytes().toCompletableFuture());
        }
        gate.release();
        for (CompletableFuture<byte[]> each : opened) {
            assertThat(each.get()).isEqualTo(PLAINTEXT);
        }
        assertThat(key.calls(Operation.UNWRAP)).isEqualTo(1);
    }

    // ---- bounds

    @Test
    void decrypt_50000HeadersByManyThreads_nothingFailsAndLittleIsKept() throws Exception {
        KeyManager sealing = kms(builder -> builder.masterKey(key).dataKeys(p -> p.maxMessagesPerEpoch(1)));
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            messages.add(sealing.encrypt(PLAINTEXT)
                    .suite(
                            i % 50 == 0
                                    ? Suite.XAES_256_GCM
                                    : i % 51 == 0 ? Suite.CHUNKED_AES_256_GCM : Suite.AES_256_GCM)
                    .toBytes());
        }
        KeyManager kms = kms();
        Runtime runtime = Runtime.getRuntime();
        kms.decrypt(messages.get(0)).toBytes();
        System.gc();
        long before = runtime.totalMemory() - runtime.freeMemory();
        List<Future<byte[]>> done = together(8, new ArrayList<>(), thread -> {
            Random random = new Random(thread);
            for (int i = 0; i < 12_000; i++) {
                // A window that moves on, so that headers are met again by others while they are on their way out.
                int at = Math.min(messages.size() - 1, i * 4 + random.nextInt(12_000));
                assertThat(kms.decrypt(messages.get(at)).toBytes()).isEqualTo(PLAINTEXT);
            }
            return PLAINTEXT;
        });
        for (Future<byte[]> each : done) {
            each.get(50, TimeUnit.SECONDS);
        }
        System.gc();
        long kept = runtime.totalMemory() - runtime.freeMemory() - before;
        // 10,000 entries of some kilobytes, and 2,048 ciphers.
        assertThat(kept).isLessThan(90L << 20);
        assertThat(key.calls(Operation.UNWRAP)).isEqualTo(1);
    }

    // ---- age

    @Test
    void decrypt_masterKeyDisabled_opensUntilTheAgeAndNotBeyond() {
        byte[] message = kms().encrypt(PLAINTEXT).toBytes();
        KeyManager kms = kms();
        kms.decrypt(message).toBytes();
        key.fail(Operation.UNWRAP, 100, () -> new PermissionDeniedException("Disabled.", "Because.", "Ask."));
        time.advance(Duration.ofSeconds(299));
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        await(() -> key.calls(Operation.UNWRAP) == 2); // the refresh that was due
        time.advance(Duration.ofSeconds(1));
        assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(PermissionDeniedException.class);
        key.behave();
        int calls = key.calls(Operation.UNWRAP);
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(key.calls(Operation.UNWRAP)).isEqualTo(calls + 1);
    }

    @Test
    void decrypt_refreshDue_asksInTheBackgroundAndServesOn() {
        byte[] message = kms().encrypt(PLAINTEXT).toBytes();
        KeyManager kms = kms();
        kms.decrypt(message).toBytes();
        for (int round = 2; round < 5; round++) {
            time.advance(Duration.ofMinutes(4));
            Gate gate = key.hold(Operation.UNWRAP);
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
            int expected = round;
            await(() -> key.calls(Operation.UNWRAP) == expected);
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
            gate.release();
            await(() -> gate.waiting() == 0);
            key.behave();
            // Confirmed: another four minutes pass without the first unwrap's age ending it.
            await(() -> {
                kms.decrypt(message).toBytes();
                return key.calls(Operation.UNWRAP) == expected;
            });
        }
    }

    // ---- several recipients

    /** A manager that seals for four keys, and opens with them, without going on past their age. */
    private KeyManager kms(Duration deadline, List<FaultyMasterKey> keys) {
        return kms(builder -> {
            builder.deadline(deadline)
                    .outage(o -> o.encryptFor(Duration.ZERO).decryptFor(Duration.ZERO))
                    .masterKey(keys.get(0));
            keys.subList(1, keys.size()).forEach(builder::alsoWrapWith);
        });
    }

    private static List<FaultyMasterKey> fourKeys() {
        return Stream.of("key0", "key1", "key2", "key3")
                .map(FaultyMasterKey::new)
                .toList();
    }

    /** What opens it, on this thread and on another. A manager with much time does it before one that has little. */
    private static void opensBothWays(KeyManager kms, byte[] message, Runnable between) {
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        between.run();
        assertThat(kms.async().decrypt(message).toBytes().toCompletableFuture().join())
                .isEqualTo(PLAINTEXT);
    }

    @Test
    void decrypt_threeProvidersHang_theFourthOpensWithinTheDeadline() {
        List<FaultyMasterKey> keys = fourKeys();
        KeyManager patient = kms(SOON, keys);
        byte[] message = patient.encrypt(PLAINTEXT).toBytes();
        opensBothWays(patient, message, () -> {}); // classes are loaded before the clock runs
        keys.subList(0, 3).forEach(each -> each.hold(Operation.UNWRAP));
        // Each of the four has a second of its own in it: for the last one's thread to begin as well.
        opensBothWays(kms(Duration.ofSeconds(4), keys), message, () -> time.advance(AGE));
        keys.forEach(FaultyMasterKey::behave);
    }

    @Test
    void decrypt_allProvidersHang_failsWithinOneDeadline() {
        List<FaultyMasterKey> keys = fourKeys();
        byte[] message = kms(SOON, keys).encrypt(PLAINTEXT).toBytes();
        Duration deadline = Duration.ofSeconds(2);
        KeyManager kms = kms(deadline, keys);
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        time.advance(AGE); // from now on what is in memory serves nobody
        keys.forEach(each -> each.hold(Operation.UNWRAP));
        long from = System.nanoTime();
        assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(UnavailableException.class);
        long asyncFrom = System.nanoTime();
        Throwable late = kms.async()
                .decrypt(message)
                .toBytes()
                .handle((done, e) -> e)
                .toCompletableFuture()
                .join();
        long end = System.nanoTime();
        assertThat(late).isInstanceOf(UnavailableException.class);
        // One deadline each, the asynchronous one too: not one for each of the four.
        for (long took : List.of(asyncFrom - from, end - asyncFrom)) {
            assertThat(Duration.ofNanos(took)).isLessThan(deadline.multipliedBy(4));
        }
        keys.forEach(FaultyMasterKey::behave);
    }

    @Test
    void decrypt_firstFailsAndSecondHangs_theDeadlineEndsTheHangingCallToo() throws Exception {
        FaultyMasterKey second = new FaultyMasterKey("second");
        Consumer<KeyManagerBuilder> both = builder -> builder.masterKey(key).alsoWrapWith(second);
        KeyManager patient = kms(both);
        byte[] message = patient.encrypt(PLAINTEXT).toBytes();
        opensBothWays(patient, message, () -> time.advance(AGE)); // classes are loaded before the clock runs
        // The first has half of it for what this test does between the two.
        KeyManager kms = kms(both.andThen(builder -> builder.deadline(Duration.ofSeconds(4))));
        Gate first = key.hold(Operation.UNWRAP);
        key.fail(Operation.UNWRAP, 1, AuthenticationFailedException::new);
        Gate gate = second.hold(Operation.UNWRAP);
        CompletableFuture<byte[]> stage = kms.async().decrypt(message).toBytes().toCompletableFuture();
        // Held until everything hangs on it, so that its failure goes on to the second on the provider's thread.
        first.awaitWaiting(1, SOON);
        first.release();
        gate.awaitWaiting(1, SOON);
        assertThat(stage.handle((done, failure) -> failure).join()).isInstanceOf(UnavailableException.class);
        // Not only the wait ends: the call that the first one's failure led to is interrupted as any other.
        await(() -> gate.waiting() == 0);
        assertThat(second.calls(Operation.UNWRAP)).isEqualTo(1);
        second.behave();
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
    }

    @Test
    void decrypt_severalFailures_theOneThatMayPassIsTold() {
        FaultyMasterKey second = new FaultyMasterKey("second");
        KeyManager kms = kms(builder -> builder.masterKey(key).alsoWrapWith(second));
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        RuntimeException denied = new PermissionDeniedException("No.", "Because.", "Ask.");
        RuntimeException away = new UnavailableException("Away.", "Net.", "Wait.");
        RuntimeException busy = new OverloadedException("Busy.", "Many.", "Wait.");
        RuntimeException wrong = new AuthenticationFailedException();
        List<List<RuntimeException>> cases = List.of(
                List.of(denied, away, away),
                List.of(away, denied, away),
                List.of(wrong, away, away),
                List.of(busy, away, away),
                List.of(denied, busy, busy),
                List.of(wrong, denied, denied),
                List.of(denied, wrong, denied),
                List.of(wrong, wrong, wrong));
        for (List<RuntimeException> each : cases) {
            key.fail(Operation.UNWRAP, 1, () -> each.get(0));
            second.fail(Operation.UNWRAP, 1, () -> each.get(1));
            assertThatThrownBy(() -> kms.decrypt(message).toBytes()).hasSameClassAs(each.get(2));
        }
        key.fail(Operation.UNWRAP, 1, () -> denied);
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
    }

    @Test
    void decrypt_hostileRecipients_areComparedAndNeverFollowed() {
        KeyManager kms = kms(builder -> builder.masterKey(key).store(NamedKeyStore.inMemory()));
        List<Recipient> hostile = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            String id = i % 2 == 0
                    ? "pkcs11:?module-path=./evil" + i + ".so"
                    : "https://127.0.0.1:" + (1024 + i) + "/main?key=main";
            int kind = i % 8 == 7 ? 2 : i % 8 == 6 ? 99 : 4 + i % 4;
            hostile.add(new Recipient(kind, id.getBytes(StandardCharsets.UTF_8), new byte[100]));
        }
        byte[] message = message(hostile);
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(NoMatchingRecipientException.class);
        }
        assertThatThrownBy(() -> kms.rewrap(message).toBytes()).isInstanceOf(NoMatchingRecipientException.class);
        assertThatThrownBy(() -> kms.needsRewrap(message)).isInstanceOf(NoMatchingRecipientException.class);
        assertThat(key.calls()).isZero();
    }

    // ---- helpers

    private static byte[] message(List<Recipient> recipients) {
        byte[] immutable = HeaderWriter.envelope(
                Suite.AES_256_GCM, SecurityLevel.STANDARD, EncryptionContext.empty(), new byte[32]);
        byte[] header = HeaderWriter.withRecipients(immutable, new byte[32], recipients.size(), recipients);
        return HeaderWriter.join(header, new byte[32 + 12 + 16 + 5]);
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("nanoseconds after " + SOON).isNegative();
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
    }

    private interface Call {
        byte[] call(int number) throws Exception;
    }

    private static List<Future<byte[]>> together(int count, List<Thread> threads, Call call) {
        CyclicBarrier start = new CyclicBarrier(count);
        ExecutorService pool = Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            threads.add(thread);
            return thread;
        });
        List<Future<byte[]>> done = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = i;
            Callable<byte[]> work = () -> {
                start.await();
                return call.call(number);
            };
            done.add(pool.submit(work));
        }
        pool.shutdown();
        return done;
    }

    // ---- threads

    @Test
    void decrypt_noThreadForTheCall_isOverloadedAndOpensOnceThereIsOne() {
        AtomicBoolean exhausted = new AtomicBoolean();
        ExecutorService pool = Executors.newCachedThreadPool();
        try {
            KeyManager kms = kms(builder -> builder.masterKey(key).providerExecutor(task -> {
                if (exhausted.get()) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
                pool.execute(task);
            }));
            byte[] message = kms().encrypt(PLAINTEXT).toBytes();
            exhausted.set(true);
            assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(OverloadedException.class);
            exhausted.set(false);
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void decryptAsync_providerHangs_stageFailsOnAThreadOfTheManager() throws Exception {
        byte[] message = kms().encrypt(PLAINTEXT).toBytes();
        KeyManager kms = kms(builder -> builder.masterKey(key).deadline(Duration.ofSeconds(2)));
        key.hold(Operation.UNWRAP);
        // Attached before the deadline, or it would run on this thread.
        String thread = kms.async()
                .decrypt(message)
                .toBytes()
                .handle((done, failure) -> failure instanceof UnavailableException
                        ? Thread.currentThread().getName()
                        : String.valueOf(failure))
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
        assertThat(thread).startsWith("sealwright-provider-");
    }
}
