package io.sealwright.kms.core.opening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The one call for however many wait ends whatever a provider does. */
class OpeningFlightTest {
    /** Gives no answer, and throws where it should name a version. */
    private static final class BrokenKey extends ForwardingMasterKey {
        private final AtomicInteger unwraps = new AtomicInteger();
        private volatile boolean broken;

        BrokenKey() {
            super(new FaultyMasterKey("broken"));
        }

        @Override
        public String versionOf(Recipient recipient) {
            if (broken) {
                throw new IllegalStateException("a provider's defect");
            }
            return super.versionOf(recipient);
        }

        @Override
        public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
            unwraps.incrementAndGet();
            if (broken) {
                throw new UnavailableException("No answer.", "A test.", "None.");
            }
            return super.unwrap(recipient, binding);
        }
    }

    /** At once: by far before the deadline. */
    @Test
    @Timeout(60)
    void decrypt_theProvidersVersionOfThrows_failsAtOnceAndTheNextAsksAgain() {
        BrokenKey key = new BrokenKey();
        try (KeyManager kms = KeyManager.builder()
                .masterKey(key)
                .retryAttempts(1)
                .deadline(Duration.ofMinutes(5))
                .build()) {
            byte[] message = kms.encrypt("m").toBytes();
            key.broken = true;
            assertThatThrownBy(() -> kms.decrypt(message).toText()).isInstanceOf(UnavailableException.class);
            assertThatThrownBy(() -> kms.decrypt(message).toText()).isInstanceOf(UnavailableException.class);
            assertThat(key.unwraps).hasValue(2);
            key.broken = false;
            assertThat(kms.decrypt(message).toText()).isEqualTo("m");
        }
    }
}
