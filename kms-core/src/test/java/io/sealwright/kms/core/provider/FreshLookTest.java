package io.sealwright.kms.core.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FreshLookTest {
    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey key = new FaultyMasterKey("looked-at");
    private final ProviderCalls calls = new ProviderCalls(Duration.ofSeconds(20), 1, null, new Events(List.of()), time);
    private final FreshLook look = new FreshLook(key, calls, time);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void close() throws Exception {
        key.behave();
        threads.shutdownNow();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        calls.close();
    }

    private int looks() {
        return key.calls(Operation.REFRESH);
    }

    @Test
    void look_strangerWithinTheSecond_returnsAtOnceAndAsksNobody() {
        look.look(false);
        look.look(false);
        assertThat(looks()).isEqualTo(1);
        time.advance(Duration.ofSeconds(1));
        look.look(false);
        assertThat(looks()).isEqualTo(2);
    }

    @Test
    void look_patientWithinTheSecond_waitsAndLooks() {
        look.look(false);
        time.advance(Duration.ofMillis(950));
        long from = System.nanoTime();
        look.look(true);
        assertThat(System.nanoTime() - from)
                .isGreaterThanOrEqualTo(Duration.ofMillis(45).toNanos());
        assertThat(looks()).isEqualTo(2);
    }

    /** Who found nothing while another looks must not be told "there is none" before that look has ended. */
    @Test
    void look_whileOneIsUnderWay_waitsForItAndSharesIt() throws Exception {
        Gate gate = key.hold(Operation.REFRESH);
        List<Future<?>> all = new ArrayList<>();
        all.add(threads.submit(() -> look.look(false)));
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        for (int i = 0; i < 7; i++) {
            all.add(threads.submit(() -> look.look(false)));
        }
        assertThat(all).noneMatch(Future::isDone);
        gate.release();
        for (Future<?> one : all) {
            one.get(10, TimeUnit.SECONDS);
        }
        assertThat(looks()).isEqualTo(1);
    }

    /** What strangers send must not hold all workers while a secret store hangs. */
    @Test
    void look_whileOneHangs_asMayWaitAndMoreAreOverload() throws Exception {
        Gate gate = key.hold(Operation.REFRESH);
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < 200 && all.stream().noneMatch(Future::isDone); i++) {
            all.add(threads.submit(() -> look.look(false)));
            Thread.sleep(5);
        }
        for (int i = 0; i < 2_000 && all.stream().noneMatch(Future::isDone); i++) {
            Thread.sleep(5);
        }
        gate.awaitWaiting(1, Duration.ofSeconds(10));
        assertThat(all).as("refused while none can end").anyMatch(Future::isDone);
        gate.release();
        int shared = 0;
        int refused = 0;
        // Judged at the end: a thread that began late may be refused after the first one was, or find the look ended.
        for (Future<?> one : all) {
            try {
                one.get(10, TimeUnit.SECONDS);
                shared++;
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(OverloadedException.class);
                refused++;
            }
        }
        assertThat(refused).isPositive();
        assertThat(shared).isGreaterThan(FreshLook.MOST_WAITING);
        assertThat(looks()).isEqualTo(1);
    }

    @Test
    void look_keyFails_isNoFailure() {
        key.fail(Operation.REFRESH, 1, () -> new IllegalStateException("the test said so"));
        look.look(false);
        assertThat(looks()).isEqualTo(1);
    }
}
