package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NamedKeyConcurrencyTest {
    private static final int THREADS = 64;

    private final Rig rig = new Rig();
    private final NamedKeyRing maker = rig.ring();
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);

    @AfterEach
    void close() throws Exception {
        rig.close();
        threads.shutdownNow();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    /** Starts all at once; the barrier opens when every thread is there. */
    private <T> List<Future<T>> together(int count, IntFunction<T> work) {
        CyclicBarrier barrier = new CyclicBarrier(count);
        List<Future<T>> futures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int index = i;
            futures.add(threads.submit(() -> {
                barrier.await(10, TimeUnit.SECONDS);
                return work.apply(index);
            }));
        }
        return futures;
    }

    @Test
    void sealing_manyThreadsMeetAColdKey_oneLoadOneUnwrap() throws Exception {
        maker.create("orders", KeySpec.AES_256);
        NamedKeyRing ring = rig.ring();
        ring.get("orders"); // the store's own key is in memory; the material is not
        int unwraps = rig.unwraps();
        int finds = rig.store.finds.get();
        Gate gate = rig.master.hold(Operation.UNWRAP);
        AtomicInteger arrived = new AtomicInteger();

        List<Future<HeldVersion>> all = together(THREADS, i -> {
            arrived.incrementAndGet();
            return ring.sealing("orders");
        });
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        Rig.await("all threads", () -> arrived.get() == THREADS);
        Rig.await("all threads wait", () -> waitingThreads() >= THREADS);
        gate.release();

        HeldVersion first = all.get(0).get(10, TimeUnit.SECONDS);
        for (Future<HeldVersion> one : all) {
            assertThat(one.get(10, TimeUnit.SECONDS)).isSameAs(first);
        }
        assertThat(rig.unwraps() - unwraps).isEqualTo(1);
        assertThat(rig.store.finds.get() - finds).isEqualTo(1);
    }

    private static long waitingThreads() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getName().startsWith("pool-"))
                .filter(thread -> java.util.Arrays.stream(thread.getValue())
                        .anyMatch(frame -> frame.getMethodName().equals("await")
                                && frame.getClassName().endsWith("ProviderCalls")))
                .count();
    }

    @Test
    void sealingAndById_bothMeetAColdVersion_oneUnwrap() throws Exception {
        maker.create("orders", KeySpec.AES_256);
        byte[] id = maker.sealing("orders").id();
        NamedKeyRing ring = rig.ring();
        ring.get("orders");
        int unwraps = rig.unwraps();
        Gate gate = rig.master.hold(Operation.UNWRAP);

        List<Future<HeldVersion>> all = together(
                8, i -> i % 2 == 0 ? ring.sealing("orders") : ring.byId(id).orElseThrow());
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        gate.release();

        for (Future<HeldVersion> one : all) {
            assertThat(one.get(10, TimeUnit.SECONDS)).isSameAs(ring.sealing("orders"));
        }
        assertThat(rig.unwraps() - unwraps).isEqualTo(1);
    }

    @Test
    void sealing_oneWaiterInterrupted_othersGoOn() throws Exception {
        maker.create("orders", KeySpec.AES_256);
        NamedKeyRing ring = rig.ring();
        ring.get("orders");
        Gate gate = rig.master.hold(Operation.UNWRAP);
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        Thread first = new Thread(() -> {
            try {
                ring.sealing("orders");
            } catch (KmsException e) {
                failures.add(e);
            }
        });
        first.start();
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        Future<HeldVersion> second = threads.submit(() -> ring.sealing("orders"));

        first.interrupt();
        first.join(10_000);
        gate.release();

        assertThat(second.get(10, TimeUnit.SECONDS).number()).isEqualTo(1);
        assertThat(failures).singleElement().isInstanceOf(CallInterruptedException.class);
    }

    @Test
    void sealing_loadBegunOnAnInterruptedWorker_othersLoadItThemselves() throws Exception {
        maker.create("orders", KeySpec.AES_256);
        NamedKeyRing ring = rig.ring();
        ProviderCalls calls = rig.calls();
        ring.get("orders");
        Gate gate = rig.master.hold(Operation.UNWRAP);
        AtomicReference<Thread> worker = new AtomicReference<>();
        // The owner is on a worker already, so the load runs on that very thread, and ends with it.
        Future<HeldVersion> owner = threads.submit(() -> calls.call("another call", () -> {
            worker.set(Thread.currentThread());
            return ring.sealing("orders");
        }));
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        List<Future<HeldVersion>> joiners = together(8, i -> ring.sealing("orders"));
        Rig.await("all joiners wait", () -> waitingThreads() >= 9);

        worker.get().interrupt();

        assertThatThrownBy(() -> owner.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(CallInterruptedException.class);
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        gate.release();
        for (Future<HeldVersion> joiner : joiners) {
            assertThat(joiner.get(10, TimeUnit.SECONDS).number()).isEqualTo(1);
        }
        assertThat(ring.held()).isEqualTo(1);
    }

    @Test
    void createIfAbsent_manyProcessesAtOnce_oneKeyOneStoreKey() throws Exception {
        List<NamedKeyRing> rings = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            FaultyMasterKey twin = rig.master.twin();
            rings.add(rig.ring(List.of(twin), List.of(twin)));
        }

        List<Future<String>> ids = together(
                8,
                i -> rings.get(i)
                        .createIfAbsent("orders", KeySpec.AES_256)
                        .versions()
                        .get(0)
                        .id());

        String first = ids.get(0).get(20, TimeUnit.SECONDS);
        for (Future<String> id : ids) {
            assertThat(id.get(20, TimeUnit.SECONDS)).isEqualTo(first);
        }
        assertThat(maker.list()).hasSize(1);
        assertThat(maker.sealing("orders").number()).isEqualTo(1);
    }

    @Test
    void create_manyThreadsAtOnce_oneWins() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        List<Future<Boolean>> all = together(16, i -> {
            try {
                maker.create("orders", KeySpec.AES_256);
                return true;
            } catch (KeyExistsException e) {
                refused.incrementAndGet();
                return false;
            }
        });
        int made = 0;
        for (Future<Boolean> one : all) {
            made += one.get(20, TimeUnit.SECONDS) ? 1 : 0;
        }
        assertThat(made).isEqualTo(1);
        assertThat(refused).hasValue(15);
    }

    @Test
    void rotate_fromSeveralProcessesAtOnce_everyRotationCounts() throws Exception {
        maker.create("orders", KeySpec.AES_256);
        List<NamedKeyRing> rings = List.of(rig.ring(), rig.ring(), rig.ring());

        List<Future<Integer>> all = together(12, i -> {
            NamedKey key = rings.get(i % 3).get("orders");
            return key.rotate().number();
        });
        List<Integer> numbers = new ArrayList<>();
        for (Future<Integer> one : all) {
            numbers.add(one.get(20, TimeUnit.SECONDS));
        }

        assertThat(numbers).containsExactlyInAnyOrder(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
        assertThat(maker.get("orders").versions()).hasSize(13);
        assertThat(maker.get("orders").versions().stream().filter(v -> v.state() == KeyState.ACTIVE))
                .extracting(KeyVersion::number)
                .containsExactly(13);
    }

    @Test
    void change_otherComesFirst_readAgainAndApplied() {
        NamedKey key = maker.create("orders", KeySpec.AES_256);
        NamedKeyRing other = rig.ring();
        AtomicInteger once = new AtomicInteger();
        rig.store.beforeApply = () -> {
            if (once.getAndIncrement() == 0) {
                other.life().rotate("orders", null);
            }
        };

        key.compromise(1);

        assertThat(key.versions()).extracting(KeyVersion::state).containsExactly(KeyState.COMPROMISED, KeyState.ACTIVE);
    }

    @Test
    void change_othersAlwaysComeFirst_conflictAfterBoundedTries() {
        NamedKey key = maker.create("orders", KeySpec.AES_256);
        NamedKeyRing other = rig.ring(rig.store.real, List.of(rig.master), List.of(rig.master), name -> {});
        AtomicInteger tries = new AtomicInteger();
        rig.store.beforeApply = () -> {
            tries.incrementAndGet();
            other.life().rotate("orders", null);
        };

        assertThatThrownBy(key::deactivate)
                .isInstanceOf(StoreException.class)
                .satisfies(e -> assertThat(((KmsException) e).code()).isEqualTo(ErrorCode.KMS_STORE_CONFLICT));
        assertThat(tries).hasValue(Attempts.MOST);
    }

    @Test
    void reads_whileOthersChange_neverLookRolledBack() throws Exception {
        maker.create("orders", KeySpec.AES_256);
        NamedKeyRing reader = rig.ring();
        List<Future<Integer>> all = together(6, i -> {
            for (int n = 0; n < 30; n++) {
                if (i == 0) {
                    maker.life().rotate("orders", null);
                } else if (i == 1) {
                    reader.poll();
                } else {
                    reader.present("orders");
                    reader.sealing("orders");
                }
            }
            return i;
        });
        for (Future<Integer> one : all) {
            assertThat(one.get(30, TimeUnit.SECONDS)).isBetween(0, 5);
        }
        assertThat(reader.present("orders").versions()).hasSize(31);
    }
}
