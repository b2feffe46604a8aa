package io.sealwright.kms.core.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of calls on a caller's executor, which is not ours to shut down. */
@Timeout(60)
class ProviderCallsTest {
    private final ExecutorService executor = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        executor.shutdownNow();
    }

    private ProviderCalls calls(Duration deadline) {
        return new ProviderCalls(deadline, 1, executor, new Events(List.of()), TimeSource.system());
    }

    @Test
    void close_callerExecutor_waitsForCallsUnderWay() throws Exception {
        ProviderCalls calls = calls(Duration.ofSeconds(20));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        CompletableFuture<Boolean> flight = calls.begin(
                "a test",
                () -> {
                    begun.countDown();
                    try {
                        ended.set(go.await(10, TimeUnit.SECONDS));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return true;
                },
                discarded -> {});
        begun.await();
        Thread closer = new Thread(calls::close);
        closer.start();
        closer.join(300);
        assertThat(closer.isAlive()).as("it waits").isTrue();
        go.countDown();
        closer.join(10_000);
        assertThat(closer.isAlive()).isFalse();
        assertThat(flight.join()).isTrue();
        assertThat(ended).isTrue();
        assertThat(executor.isShutdown()).isFalse();
    }

    @Test
    void close_callThatHangs_isInterruptedAtTheDeadline() throws Exception {
        ProviderCalls calls = calls(Duration.ofMillis(300));
        CountDownLatch interrupted = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Boolean> flight = calls.begin(
                "a test",
                () -> {
                    begun.countDown();
                    try {
                        TimeUnit.SECONDS.sleep(50);
                    } catch (InterruptedException e) {
                        interrupted.countDown();
                    }
                    return true;
                },
                discarded -> {});
        begun.await();
        long from = System.nanoTime();
        calls.close();
        assertThat(Duration.ofNanos(System.nanoTime() - from))
                .as("at the deadline, not when the call of 50 s ends")
                .isLessThan(Duration.ofSeconds(20));
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(flight).isCompletedExceptionally();
    }
}
