package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.testkit.time.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three managers on one SQLite file, each with a connection of its own, that all do due work by themselves. */
class DueWorkTest {
    private static final Duration QUARTER = Duration.ofDays(90);
    private static final int KEYS = 12;

    @TempDir
    Path home;

    private final ManualTime time = new ManualTime();
    private final List<KmsEvent> told = new CopyOnWriteArrayList<>();
    private final List<KeyManager> managers = new ArrayList<>();

    @BeforeEach
    void open() {
        KeyManager.embedded(home).close();
        for (int i = 0; i < 3; i++) {
            managers.add(KeyManager.builder()
                    .home(home)
                    .masterKey("local://default")
                    .store(JdbcKeyStore.sqlite(home.resolve("store.db")))
                    .timeSource(time)
                    .listener(told::add)
                    .build());
        }
    }

    @AfterEach
    void close() {
        managers.forEach(KeyManager::close);
    }

    private long changes(String change) {
        return told.stream()
                .filter(event -> event instanceof KmsEvent.KeyChanged changed
                        && changed.change().equals(change))
                .count();
    }

    private static void await(String what, BooleanSupplier done) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as(what).isNegative();
            Thread.sleep(20);
        }
    }

    @Test
    void threeManagers_keysAreDue_eachIsRotatedExactlyOnce() throws Exception {
        for (int i = 0; i < KEYS; i++) {
            managers.get(0)
                    .keys()
                    .create("key-" + i, KeySpec.AES_256, KeyOptions.none().withRotateEvery(QUARTER));
        }
        String token = managers.get(1).encrypt("before").key("key-3").toToken();
        time.advance(QUARTER);
        await("all rotated", () -> changes("rotated") >= KEYS);
        // Each of the three looks twice more: their timers run by real time, the pause between looks by the test's.
        for (int look = 0; look < 2; look++) {
            time.advance(Duration.ofMinutes(2));
            Thread.sleep(1_500);
        }

        assertThat(changes("rotated")).isEqualTo(KEYS);
        for (NamedKey key : managers.get(2).keys().list()) {
            assertThat(key.versions()).as(key.name()).hasSize(2);
        }
        assertThat(managers.get(2).decrypt(token).toText()).isEqualTo("before");
        assertThat(managers.get(0).needsRewrap(java.util.Base64.getUrlDecoder().decode(token)))
                .isTrue();
    }

    @Test
    void threeManagers_waitingPeriodIsOver_destroyedExactlyOnceWhicheverWasAsked() throws Exception {
        NamedKey key = managers.get(0).keys().create("orders", KeySpec.AES_256);
        NamedKey kept = managers.get(0).keys().create("kept", KeySpec.AES_256);
        key.destroyAfter(Duration.ofDays(1));
        kept.destroyAfter(Duration.ofDays(2));
        managers.get(0).close();
        managers.get(1).key("kept").cancelDestroy();
        time.advance(Duration.ofDays(3));
        await("destroyed", () -> changes("destroyed") >= 1);
        time.advance(Duration.ofMinutes(2));
        Thread.sleep(1_500);

        assertThat(changes("destroyed")).isEqualTo(1);
        assertThat(managers.get(2).key("orders").state()).isEqualTo(KeyState.DESTROYED);
        assertThat(managers.get(2).key("kept").state()).isEqualTo(KeyState.DEACTIVATED);
    }
}
