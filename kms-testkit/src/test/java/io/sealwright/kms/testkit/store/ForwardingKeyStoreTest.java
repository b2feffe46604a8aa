package io.sealwright.kms.testkit.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.WorkClaim;
import io.sealwright.kms.testkit.forwarding.Forwarding;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ForwardingKeyStoreTest {
    @TestFactory
    Stream<DynamicTest> everyMethod_isForwarded() {
        return Forwarding.ofEach(
                NamedKeyStore.class,
                ForwardingKeyStore::new,
                new KeyChange("orders", 0, 1, new byte[1], List.of(), List.of(), null),
                new WorkClaim("work", "holder", Duration.ofMinutes(1)));
    }

    @Test
    void subclass_overridesClose_theStoreBehindStaysOpen() {
        try (NamedKeyStore real = NamedKeyStore.inMemory()) {
            NamedKeyStore kept = new ForwardingKeyStore(real) {
                @Override
                public void close() {}
            };
            byte[] sealed = kept.initialise(new byte[] {1});
            kept.close();
            assertThat(real.storeKey()).contains(sealed);
        }
    }
}
