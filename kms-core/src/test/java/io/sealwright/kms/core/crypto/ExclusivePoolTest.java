package io.sealwright.kms.core.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ExclusivePoolTest {
    @Test
    void put_beyondCapacity_dropped() {
        ExclusivePool<Object> pool = new ExclusivePool<>(3);
        Object a = new Object();
        Object b = new Object();
        Object c = new Object();

        assertThat(pool.take()).isNull();
        assertThat(List.of(pool.put(a), pool.put(b), pool.put(c))).containsOnly(true);
        assertThat(pool.put(new Object())).isFalse();
        assertThat(List.of(pool.take(), pool.take(), pool.take())).containsExactlyInAnyOrder(a, b, c);
        assertThat(pool.take()).isNull();
    }

    @Test
    void clear_idleThings_gone() {
        ExclusivePool<Object> pool = new ExclusivePool<>(2);
        pool.put(new Object());
        pool.clear();

        assertThat(pool.take()).isNull();
    }

    @Test
    void constructor_noCapacity_refused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new ExclusivePool<>(0));
    }

    @Test
    void take_manyThreads_neverHeldTwice() throws Exception {
        ExclusivePool<AtomicInteger> pool = new ExclusivePool<>(1); // one cell, so that all threads meet there
        AtomicInteger made = new AtomicInteger();
        ExecutorService executor = Executors.newFixedThreadPool(4);
        try {
            List<Future<Integer>> results = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                results.add(executor.submit(() -> {
                    int clashes = 0;
                    for (int i = 0; i < 100_000; i++) {
                        AtomicInteger holders = pool.take();
                        if (holders == null) {
                            made.incrementAndGet();
                            holders = new AtomicInteger();
                        }
                        if (holders.incrementAndGet() != 1) {
                            clashes++;
                        }
                        for (int spin = i % 16; spin > 0; spin--) {
                            Thread.onSpinWait();
                        }
                        holders.decrementAndGet();
                        pool.put(holders);
                    }
                    return clashes;
                }));
            }
            for (Future<Integer> result : results) {
                assertThat(result.get()).isZero();
            }
        } finally {
            executor.shutdownNow();
        }
        assertThat(made.get()).isPositive().isLessThan(400_000);
    }
}
