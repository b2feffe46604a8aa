package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.store.ForwardingKeyStore;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What waits for its destruction is erased by two clocks, where the store has one of its own. */
@Timeout(60)
class WrongClockTest {
    private static final Duration WAIT = Duration.ofDays(1);
    private static final Instant ORDERED = Instant.now().minus(WAIT).minus(Duration.ofHours(2));

    private final FaultyMasterKey master = new FaultyMasterKey("master");
    private final NamedKeyStore store = NamedKeyStore.inMemory();
    private Optional<Instant> storesClock = Optional.empty();

    private KeyManager manage(TimeSource time) {
        NamedKeyStore withClock = new ForwardingKeyStore(store) {
            @Override
            public Optional<Instant> clock() {
                return storesClock;
            }

            @Override
            public void close() {} // the next manager has it too
        };
        return KeyManager.builder()
                .masterKey(master.twin())
                .store(withClock)
                .schedule(false)
                .timeSource(time)
                .build();
    }

    /** Due for two hours by now, as this machine's clock has it. */
    @BeforeEach
    void orderDestruction() {
        try (KeyManager kms = manage(new ManualTime(ORDERED))) {
            NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
            orders.rotateEvery(Duration.ofHours(1));
            orders.rotate();
            orders.destroyAfter(1, WAIT);
        }
    }

    private int rows() {
        return store.find("orders").orElseThrow().versions().size();
    }

    @Test
    void doDueWork_notDueByTheStoresClock_erasesNothingAndSaysWhy() {
        storesClock = Optional.of(Instant.now().minus(Duration.ofHours(3)));
        try (KeyManager kms = manage(TimeSource.system())) {
            assertThatThrownBy(() -> kms.keys().doDueWork())
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("Nothing of key 'orders' was erased.")
                    .hasMessageContaining(storesClock.orElseThrow().toString());
            assertThat(kms.key("orders").versions().get(0).state()).isEqualTo(KeyState.DEACTIVATED);
            assertThat(rows())
                    .as("rotated all the same, which takes nothing away")
                    .isEqualTo(3);

            storesClock = Optional.of(Instant.now());
            assertThat(kms.keys().doDueWork()).isEqualTo(1);
            assertThat(kms.key("orders").versions().get(0).state()).isEqualTo(KeyState.DESTROYED);
        }
        assertThat(rows()).isEqualTo(2);
    }

    @Test
    void doDueWork_oneVersionIsDueByBothClocksAndOneByOurs_erasesTheOneAlone() {
        try (KeyManager kms = manage(new ManualTime(ORDERED.plus(Duration.ofMinutes(90))))) {
            kms.key("orders").rotate();
            kms.key("orders").destroyAfter(2, WAIT);
        }
        storesClock = Optional.of(Instant.now().minus(Duration.ofMinutes(90)));
        try (KeyManager kms = manage(TimeSource.system())) {
            assertThatThrownBy(() -> kms.keys().doDueWork()).isInstanceOf(RefusedException.class);
            assertThat(kms.key("orders").versions().get(0).state()).isEqualTo(KeyState.DESTROYED);
            assertThat(kms.key("orders").versions().get(1).state()).isEqualTo(KeyState.DEACTIVATED);
        }
    }

    @Test
    void doDueWork_storeWithoutAClockOrAClockOfTheCallers_erases() {
        try (KeyManager kms = manage(TimeSource.system())) {
            assertThat(kms.keys().doDueWork()).isEqualTo(2);
        }
        storesClock = Optional.of(ORDERED);
        try (KeyManager kms = manage(new ManualTime(ORDERED))) {
            kms.key("orders").destroyAfter(2, WAIT);
        }
        try (KeyManager kms = manage(new ManualTime(Instant.now().plus(WAIT)))) {
            assertThat(kms.keys().doDueWork()).isPositive();
            assertThat(kms.key("orders").versions().get(1).state()).isEqualTo(KeyState.DESTROYED);
        }
    }
}
