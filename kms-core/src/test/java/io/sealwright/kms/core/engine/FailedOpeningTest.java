package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
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
    private static MasterKey failing(AtomicInteger asked, int failsAt, AtomicInteger closed) {
        return (MasterKey) Proxy.newProxyInstance(
                MasterKey.class.getClassLoader(), new Class<?>[] {MasterKey.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "uri" -> {
                            return "failing://key";
                        }
                        case "close" -> {
                            closed.incrementAndGet();
                            return null;
                        }
                        case "inProcess" -> {
                            if (asked.incrementAndGet() >= failsAt) {
                                throw new UnsupportedOperationException("not now");
                            }
                            return true;
                        }
                        case "hashCode" -> {
                            return 1;
                        }
                        case "equals" -> {
                            return proxy == arguments[0];
                        }
                        default -> throw new AssertionError(method);
                    }
                });
    }

    @Test
    void build_failsAtAnyStep_leavesNoTickAndClosesTheMasterKey() throws Exception {
        Set<?> before = ticked();
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        int failures = 0;
        while (true) {
            asked.set(0);
            closed.set(0);
            MasterKey key = failing(asked, failures + 1, closed);
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
            assertThat(closed).hasValue(1);
            assertThat(ticked()).isEqualTo(before);
        }
        assertThat(failures).isPositive();
        assertThat(ticked()).isEqualTo(before);
    }
}
