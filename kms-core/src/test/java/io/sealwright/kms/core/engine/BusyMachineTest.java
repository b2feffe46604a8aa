package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A machine so busy that nobody gets to ask the provider, or to tell what it said. */
@Timeout(60)
class BusyMachineTest {
    @Test
    void encrypt_whereNoWorkerGetsAThreadInTime_servesWithTheKeyOfBefore() {
        ManualTime time = new ManualTime();
        AtomicBoolean busy = new AtomicBoolean();
        // Its own: of the JVM's common one there may be a single thread, which another test may have left busy.
        ExecutorService threads = Executors.newCachedThreadPool();
        Executor executor = task -> {
            if (!busy.get()) {
                threads.execute(task);
            }
        };
        try (KeyManager patient = KeyManager.builder()
                        .masterKey(new FaultyMasterKey("other"))
                        .build();
                KeyManager kms = KeyManager.builder()
                        .masterKey(new FaultyMasterKey("first"))
                        .timeSource(time)
                        .providerExecutor(executor)
                        .deadline(Duration.ofSeconds(2))
                        .build()) {
            patient.encrypt("loads classes before two seconds count").toBytes();
            kms.encrypt("warm").toBytes();
            time.advance(Duration.ofMinutes(6)); // past the key's age, inside the window
            busy.set(true);
            for (int i = 0; i < 3; i++) {
                assertThat(kms.encrypt("m").toBytes()).isNotEmpty();
                time.advance(Duration.ofSeconds(2));
            }
            busy.set(false);
        } finally {
            threads.shutdownNow();
        }
    }
}
