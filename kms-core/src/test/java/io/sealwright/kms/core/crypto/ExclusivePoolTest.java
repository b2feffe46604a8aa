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
    /** A thing that counts who holds it. */
    private static final class Thing extends ExclusivePool.Item {
        final AtomicInteger holders = new AtomicInteger();
    }

    @Test
    void put_beyondCapacity_dropped() {
        ExclusivePool<Thing> pool = new ExclusivePool<>(3);
        Thing a = new Thing();
        Thing b = new Thing();
        Thing c = new Thing();

        assertThat(pool.take()).isNull();
        assertThat(List.of(pool.put(a), pool.put(b), pool.put(c))).containsOnly(true);
        assertThat(pool.put(new Thing())).isFalse();
        assertThat(List.of(pool.take(), pool.take(), pool.take())).containsExactlyInAnyOrder(a, b, c);
        assertThat(pool.take()).isNull();
    }

    @Test
    void take_givenBack_sameThingOnce() {
        ExclusivePool<Thing> pool = new ExclusivePool<>(3);
        Thing thing = new Thing();
        pool.put(thing);

        for (int i = 0; i < 5; i++) {
            assertThat(pool.take()).isSameAs(thing);
            assertThat(pool.take()).isNull();
            assertThat(pool.put(thing)).isTrue();
        }
    }

    @Test
    void drop_heldThing_freesItsCell() {
        ExclusivePool<Thing> pool = new ExclusivePool<>(1);
        Thing broken = new Thing();
        pool.put(broken);
        pool.take();
        assertThat(pool.put(new Thing())).isFalse();
        pool.drop(broken);
        Thing fresh = new Thing();

        assertThat(pool.put(fresh)).isTrue();
        assertThat(pool.take()).isSameAs(fresh);
    }

    @Test
    void drop_thingThatNeverHadACell_leavesOthers() {
        ExclusivePool<Thing> pool = new ExclusivePool<>(1);
        Thing there = new Thing();
        pool.put(there);
        pool.drop(new Thing());

        assertThat(pool.take()).isSameAs(there);
    }

    @Test
    void clear_idleAndHeldThings_gone() {
        ExclusivePool<Thing> pool = new ExclusivePool<>(2);
        Thing held = new Thing();
        pool.put(held);
        pool.take();
        pool.put(new Thing());
        pool.clear();
        pool.put(held);

        assertThat(pool.take()).isNull();
    }

    @Test
    void constructor_noCapacity_refused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new ExclusivePool<>(0));
    }

    @Test
    void take_manyThreads_neverHeldTwice() throws Exception {
        ExclusivePool<Thing> pool = new ExclusivePool<>(1); // one cell, so that all threads meet there
        AtomicInteger made = new AtomicInteger();
        ExecutorService executor = Executors.newFixedThreadPool(4);
        try {
            List<Future<Integer>> results = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                results.add(executor.submit(() -> {
                    int clashes = 0;
                    for (int i = 0; i < 100_000; i++) {
                        Thing thing = pool.take();
                        if (thing == null) {
                            made.incrementAndGet();
                            thing = new Thing();
                        }
                        if (thing.holders.incrementAndGet() != 1) {
                            clashes++;
                        }
                        for (int spin = i % 16; spin > 0; spin--) {
                            Thread.onSpinWait();
                        }
                        thing.holders.decrementAndGet();
                        if (i % 1000 == 0) {
                            pool.drop(thing);
                        } else {
                            pool.put(thing);
                        }
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

    @Test
    void clear_withALastLook_handsOverWhatIsIdleOnly() {
        ExclusivePool<Thing> pool = new ExclusivePool<>(2);
        Thing held = new Thing();
        pool.put(held);
        pool.take();
        Thing idle = new Thing();
        pool.put(idle);
        List<Thing> last = new ArrayList<>();

        pool.clear(last::add);
        pool.clear(last::add);

        assertThat(last).containsExactly(idle);
        assertThat(pool.take()).isNull();
    }
}
