package io.sealwright.kms.core.epoch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.Sealer;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * No nonce twice under one derived key: nonces are read out of the messages and grouped by the whole header, which a
 * derived key belongs to. Size: {@code -Dkms.proof}, 0.01 by default; 10^8 messages when whole.
 */
class NonceUniquenessStress {
    private static final long MESSAGES_OF_THE_WHOLE_PROOF = 100_000_000;
    private static final int THREADS = 16;
    private static final int HEADER_BYTES = 4096;

    /** Of one derived key. */
    private static final long MOST_MESSAGES = 50_000;

    /** In messages, not in time: how many a machine seals meanwhile is its own affair. More than a key may seal. */
    private static final int RESTORE_AFTER = 60_000;

    private static final int RESTORE_SOON_AFTER = 1_000;

    /** What was seen of one derived key: slot and counter of every message, each packed into one number. */
    private static final class Seen {
        private long[] nonces = new long[64]; // guarded by this
        private int count; // guarded by this

        synchronized void add(long[] more, int length) {
            if (count + length > nonces.length) {
                nonces = Arrays.copyOf(nonces, Math.max(count + length, nonces.length * 2));
            }
            System.arraycopy(more, 0, nonces, count, length);
            count += length;
        }

        /** How many nonces there were; throws if one was there twice. */
        synchronized int check() {
            Arrays.sort(nonces, 0, count);
            for (int i = 1; i < count; i++) {
                if (nonces[i] == nonces[i - 1]) {
                    throw new AssertionError("nonce " + Long.toHexString(nonces[i]) + " was used twice");
                }
            }
            nonces = new long[0];
            return count;
        }
    }

    @Test
    void seal_manyThreadsRollOversRestoresAndGaps_noNonceTwiceUnderOneKey() throws Exception {
        long total = Proof.of(MESSAGES_OF_THE_WHOLE_PROOF, 1);
        long checked = 0;
        int headers = 0;
        long largest = 0;
        // In rounds, each with a manager of its own, so that memory holds one round's nonces only.
        long round = 2_000_000;
        for (long from = 0; from < total; from += round) {
            Map<ByteBuffer, Seen> seen = new ConcurrentHashMap<>();
            run(new FaultyMasterKey("main"), Math.min(round, total - from), seen);
            for (Seen one : seen.values()) {
                int count = one.check();
                checked += count;
                largest = Math.max(largest, count);
            }
            headers += seen.size();
        }
        assertThat(checked).isGreaterThanOrEqualTo(total);
        // Roll-overs by messages, by bytes and by restores did happen, and keys were used up to their bound, not
        // beyond.
        assertThat(headers).isGreaterThan((int) (total / MOST_MESSAGES));
        assertThat(largest).isBetween(MOST_MESSAGES / 10, MOST_MESSAGES);
    }

    private static void run(FaultyMasterKey key, long total, Map<ByteBuffer, Seen> seen) throws Exception {
        try (KeyManager kms = KeyManager.builder()
                        .masterKey(key)
                        .dataKeys(policy ->
                                policy.maxMessagesPerEpoch(MOST_MESSAGES).maxBytesPerEpoch(400_000))
                        .build();
                Sealer sealer = kms.sealer().build()) {
            sealer.seal(new byte[0]);
            AtomicLong left = new AtomicLong(total);
            AtomicInteger restores = new AtomicInteger();
            CyclicBarrier start = new CyclicBarrier(THREADS);
            List<Throwable> failures = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                threads.add(thread(failures, () -> {
                    start.await();
                    work(
                            sealer,
                            left,
                            () -> {
                                kms.afterRestore();
                                restores.incrementAndGet();
                            },
                            seen);
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            // Alone, and without restores, up to the bound: among several threads one leases all bytes that a key may
            // still seal, and the next one ends the key. How far a key gets there is a matter of their turns.
            work(sealer, new AtomicLong(2 * MOST_MESSAGES), () -> {}, seen);
            synchronized (failures) {
                if (!failures.isEmpty()) {
                    throw new AssertionError("a call failed", failures.get(0));
                }
            }
            assertThat(restores.get()).isGreaterThanOrEqualTo((int) (total / RESTORE_AFTER));
            // A roll-over asks nobody: one data key served them all.
            assertThat(key.calls()).isEqualTo(1);
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Thread thread(List<Throwable> failures, Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable e) {
                synchronized (failures) {
                    failures.add(e);
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Seals and remembers: one look into the shared map for each header it meets, not for each message. */
    private static void work(Sealer sealer, AtomicLong left, Runnable restore, Map<ByteBuffer, Seen> seen) {
        byte[] plaintext = new byte[100];
        byte[] out = new byte[HEADER_BYTES];
        byte[] none = new byte[0];
        byte[] header = new byte[0];
        long[] nonces = new long[1024];
        int held = 0;
        long now;
        for (int n = 0; (now = left.getAndDecrement()) > 0; n++) {
            // While the other threads seal; soon after another, and late enough for other ends to come first.
            if (now % RESTORE_AFTER == 0 || now % RESTORE_AFTER == RESTORE_SOON_AFTER) {
                restore.run();
            }
            // Mostly small, so that the bound on messages is met; now and then a stretch that meets the bound on bytes.
            int length = n % 4096 < 64 ? plaintext.length : n & 3;
            int sealed = sealer.seal(plaintext, 0, length, none, out, 0);
            int at = sealed - length - 16 - 12;
            if (held == nonces.length || header.length != at || !Arrays.equals(header, 0, at, out, 0, at)) {
                flush(seen, header, nonces, held);
                held = 0;
                if (header.length != at || !Arrays.equals(header, 0, at, out, 0, at)) {
                    Header parsed = HeaderParser.parse(out, 0, sealed);
                    assertThat(parsed.length()).isEqualTo(at);
                    header = parsed.bytes();
                }
            }
            ByteBuffer nonce = ByteBuffer.wrap(out, at, 12);
            int slot = nonce.getInt();
            long counter = nonce.getLong();
            // Both fit one number, or this test would not see a difference above.
            if (counter >>> 32 != 0) {
                throw new AssertionError("counter " + counter);
            }
            nonces[held++] = (long) slot << 32 | counter;
        }
        flush(seen, header, nonces, held);
    }

    private static void flush(Map<ByteBuffer, Seen> seen, byte[] header, long[] nonces, int held) {
        if (held > 0) {
            seen.computeIfAbsent(ByteBuffer.wrap(header), h -> new Seen()).add(nonces, held);
        }
    }
}
