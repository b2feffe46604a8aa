package io.sealwright.kms.core.chunked;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.sealing.ChunkedStart;
import io.sealwright.kms.error.AuthenticationFailedException;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.AEADBadTagException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HelpersTest {
    private static final byte[] KEY = new byte[32];
    private static final byte[] SALT = new byte[24];
    private static final byte[] NONE = new byte[0];
    private static final int SEGMENT = Ring.LARGE_CHUNKS * ChunkedCipher.CHUNK_BYTES;

    private final ChunkThreads threads = new ChunkThreads(null, false, null, 2, 64L << 20);
    private final ChunkedBodies bodies = new ChunkedBodies(threads);

    @AfterEach
    void close() {
        threads.close();
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static ChunkedStart start() throws GeneralSecurityException {
        return new ChunkedStart(new byte[] {1, 2, 3}, ChunkKeys.forSealing(KEY, SALT, NONE, null), () -> false);
    }

    private static byte[] expected(byte[] plaintext) throws GeneralSecurityException {
        return ChunkedCipher.seal(KEY, SALT, NONE, plaintext, null);
    }

    @Test
    void seal_sharedBody_givesWhatOneThreadGives() throws GeneralSecurityException {
        for (int length : new int[] {1 << 20, (1 << 20) + 1, (5 << 20) + 777}) {
            byte[] plaintext = random(length);
            byte[] out = new byte[length + 20_000];
            assertThat(threads.worthSharing(length)).isTrue(); // cold, as far as it knows
            int sealed = bodies.seal(start(), plaintext, 0, length, out, 7);
            byte[] expected = expected(plaintext);
            assertThat(sealed).isEqualTo(3 + expected.length);
            assertThat(Arrays.equals(expected, 0, expected.length, out, 10, 10 + expected.length))
                    .isTrue();
            byte[] opened = new byte[length + 9];
            ChunkKeys keys = ChunkKeys.forOpening(KEY, expected, 0, expected.length, NONE, null);
            assertThat(bodies.open(keys, out, 10, expected.length, opened, 5)).isEqualTo(length);
            assertThat(Arrays.equals(plaintext, 0, length, opened, 5, 5 + length))
                    .isTrue();
            threads.took(1, 1000);
            threads.took(1, 1000);
        }
    }

    @Test
    void open_sharedBodyWithOneBadChunk_wipesTheWholeOutput() throws GeneralSecurityException {
        int length = 3 << 20;
        byte[] sealed = expected(random(length));
        for (int flip : new int[] {56, sealed.length / 2, sealed.length - 1}) {
            byte[] changed = sealed.clone();
            changed[flip] ^= 1;
            byte[] out = new byte[length + 2];
            Arrays.fill(out, (byte) 9);
            ChunkKeys keys = ChunkKeys.forOpening(KEY, changed, 0, changed.length, NONE, null);
            assertThatThrownBy(() -> bodies.open(keys, changed, 0, changed.length, out, 1))
                    .isInstanceOf(AuthenticationFailedException.class);
            assertThat(out[0]).isEqualTo((byte) 9);
            assertThat(out[length + 1]).isEqualTo((byte) 9);
            assertThat(Arrays.equals(out, 1, length + 1, new byte[length], 0, length))
                    .isTrue();
            threads.took(1, 1000);
        }
    }

    @Test
    void sharedBody_helperDies_callerDoesItsPart() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        CountDownLatch helperHasOne = new CountDownLatch(1);
        Thread caller = Thread.currentThread();
        try (ChunkKeys keys = ChunkKeys.forSealing(KEY, SALT, NONE, null)) {
            long mine = new SharedBody(keys, threads, 64, (worker, first, chunks, last) -> {
                        if (Thread.currentThread() != caller) {
                            failures.incrementAndGet();
                            helperHasOne.countDown();
                            throw new IllegalStateException("this helper dies");
                        }
                        await(helperHasOne);
                        done.addAndGet(chunks);
                    })
                    .run();
            assertThat(mine).isEqualTo(64);
        }
        assertThat(done.get()).isEqualTo(64);
        assertThat(failures.get()).isPositive();
    }

    @Test
    void sharedBody_callerFails_waitsForHelpers() throws Exception {
        CountDownLatch helperHasOne = new CountDownLatch(1);
        CountDownLatch callerHasOne = new CountDownLatch(1);
        AtomicInteger under = new AtomicInteger();
        Thread caller = Thread.currentThread();
        try (ChunkKeys keys = ChunkKeys.forSealing(KEY, SALT, NONE, null)) {
            SharedBody body = new SharedBody(keys, threads, 64, (worker, first, chunks, last) -> {
                if (Thread.currentThread() == caller) {
                    callerHasOne.countDown();
                    await(helperHasOne);
                    throw new AEADBadTagException("bad");
                }
                under.incrementAndGet();
                helperHasOne.countDown();
                await(callerHasOne);
                byte[] plain = new byte[chunks * ChunkedCipher.CHUNK_BYTES];
                worker.sealChunks(first, plain, 0, plain.length, false, new byte[plain.length + 16 * chunks], 0);
                under.decrementAndGet();
            });
            assertThatThrownBy(body::run).isInstanceOf(AEADBadTagException.class);
            assertThat(under.get()).isZero();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void ring_helpersThatCannotWork_leaveItToTheOwner() throws Exception {
        byte[] plaintext = random(12 * SEGMENT + 5);
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        ChunkedStart start = start();
        try (SealingPipe pipe = new SealingPipe(start, target, threads)) {
            pipe.write(plaintext, 0, ChunkedCipher.CHUNK_BYTES);
            start.keys().close(); // the owner has its worker; no helper gets one
            pipe.write(plaintext, ChunkedCipher.CHUNK_BYTES, plaintext.length - ChunkedCipher.CHUNK_BYTES);
            pipe.finish();
        }
        byte[] expected = expected(plaintext);
        assertThat(Arrays.equals(expected, 0, expected.length, target.toByteArray(), 3, 3 + expected.length))
                .isTrue();
    }

    @Test
    void ring_withoutMemory_staysSmallAndGivesBackWhatItTook() throws Exception {
        byte[] plaintext = random(12 * SEGMENT + 5);
        byte[] expected = expected(plaintext);
        for (long memory : new long[] {0, ChunkThreads.SEGMENT_MEMORY, 3 * ChunkThreads.SEGMENT_MEMORY}) {
            try (ChunkThreads poor = new ChunkThreads(null, false, null, 1, memory)) {
                ByteArrayOutputStream target = new ByteArrayOutputStream();
                try (SealingPipe pipe = new SealingPipe(start(), target, poor)) {
                    pipe.write(plaintext, 0, plaintext.length);
                    pipe.finish();
                }
                assertThat(Arrays.equals(expected, 0, expected.length, target.toByteArray(), 3, 3 + expected.length))
                        .isTrue();
                assertThat(poor.reserve(memory)).isTrue();
                assertThat(poor.reserve(1)).isFalse();
            }
        }
    }

    @Test
    void worthSharing_smallOrFastOrLate_isNot() {
        assertThat(threads.worthSharing(100_000)).isFalse();
        for (int i = 0; i < 50; i++) {
            threads.took(1000, 100); // 10 GB/s
        }
        assertThat(threads.worthSharing(600_000)).isFalse();
        assertThat(threads.worthSharing(1 << 20))
                .as("helpers are taken to be 50 us late")
                .isFalse();
        assertThat(threads.worthSharing(16 << 20)).isTrue();
        for (int i = 0; i < 50; i++) {
            threads.helperCame(10_000);
        }
        assertThat(threads.worthSharing(1 << 20)).as("and are not").isTrue();
        assertThat(threads.worthSharing(600_000)).isFalse();
        for (int i = 0; i < 50; i++) {
            threads.helperCame(5_000_000);
        }
        assertThat(threads.worthSharing(16 << 20)).isFalse();
        int skipped = 0;
        while (!threads.worthSharing(16 << 20)) {
            skipped++;
        }
        assertThat(skipped).isBetween(10, 500); // it tries again
    }

    @Test
    void execute_executorThrows_costsHelpAndNothingElse() throws Exception {
        byte[] plaintext = random(12 * SEGMENT + 5);
        byte[] expected = expected(plaintext);
        AtomicInteger asked = new AtomicInteger();
        List<Executor> executors = List.of(
                task -> {
                    asked.incrementAndGet();
                    throw new UnsupportedOperationException("not today");
                },
                task -> {
                    asked.incrementAndGet();
                    task.run();
                    throw new IllegalStateException("late, and wrong");
                });
        for (Executor executor : executors) {
            asked.set(0);
            try (ChunkThreads given = new ChunkThreads(executor, false, null, 2, 64L << 20)) {
                ByteArrayOutputStream target = new ByteArrayOutputStream();
                try (SealingPipe pipe = new SealingPipe(start(), target, given)) {
                    pipe.write(plaintext, 0, plaintext.length);
                    pipe.finish();
                }
                assertThat(Arrays.equals(expected, 0, expected.length, target.toByteArray(), 3, 3 + expected.length))
                        .isTrue();
                assertThat(asked.getAndSet(0)).isPositive();
                byte[] out = new byte[3 + expected.length];
                new ChunkedBodies(given).seal(start(), plaintext, 0, plaintext.length, out, 0);
                assertThat(Arrays.equals(expected, 0, expected.length, out, 3, out.length))
                        .isTrue();
                assertThat(asked.get()).isPositive();
            }
        }
    }

    @Test
    void execute_afterClose_takesNothing() {
        threads.close();
        assertThat(threads.execute(() -> {})).isFalse();
    }

    @Test
    void warmUp_endsInTime() {
        long from = System.nanoTime();
        WarmUp.run(null, 50_000_000);
        assertThat(System.nanoTime() - from).isLessThan(20_000_000_000L);
    }
}
