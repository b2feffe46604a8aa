package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import java.lang.reflect.Field;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A manager that fails while it is put together leaves nothing behind. */
class FailedOpeningTest {
    private static Set<?> ticked() throws ReflectiveOperationException {
        Field members = Class.forName("io.sealwright.kms.core.time.Ticker").getDeclaredField("MEMBERS");
        members.setAccessible(true);
        return Set.copyOf((Set<?>) members.get(null));
    }

    /** Fails when it is asked for the n-th time whether it is in this process; counts how often it was closed. */
    private static final class FailingKey extends ForwardingMasterKey {
        private final AtomicInteger asked = new AtomicInteger();
        private final AtomicInteger closed = new AtomicInteger();
        private final int failsAt;

        FailingKey(FaultyMasterKey key, int failsAt) {
            super(key);
            this.failsAt = failsAt;
        }

        @Override
        public boolean inProcess() {
            if (asked.incrementAndGet() >= failsAt) {
                throw new UnsupportedOperationException("not now");
            }
            return true;
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }

    @Test
    void build_failsAtAnyStep_leavesNoTickAndClosesTheMasterKey() throws Exception {
        Set<?> before = ticked();
        FaultyMasterKey behind = new FaultyMasterKey("behind");
        int failures = 0;
        while (true) {
            FailingKey key = new FailingKey(behind, failures + 1);
            KeyManager[] built = new KeyManager[1];
            try {
                built[0] = KeyManager.builder()
                        .masterKey(key)
                        .store(NamedKeyStore.inMemory())
                        .build();
            } catch (UnsupportedOperationException e) {
                failures++;
            }
            if (built[0] != null) {
                assertThat(ticked()).hasSize(before.size() + 1);
                built[0].close();
                break;
            }
            assertThat(key.closed).hasValue(1);
            assertThat(behind.calls()).isZero();
            assertThat(ticked()).isEqualTo(before);
        }
        assertThat(failures).isPositive();
        assertThat(ticked()).isEqualTo(before);
    }
}
