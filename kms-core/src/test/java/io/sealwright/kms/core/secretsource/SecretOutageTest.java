package io.sealwright.kms.core.secretsource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A manager on a secret that cannot be fetched again: the window of what it unwraps is that of the secret, not one more. */
@Timeout(60)
class SecretOutageTest {
    private final ManualTime time = new ManualTime();
    private final ScriptedSource source = new ScriptedSource(1);

    @Test
    void decrypt_inAnOutage_endsWithTheWindowOfTheSecret() throws Exception {
        byte[] early;
        byte[] late;
        try (KeyManager elsewhere =
                KeyManager.builder().masterKey(new ScriptedSource(1)).build()) {
            early = elsewhere.encrypt("early").toBytes();
            late = elsewhere.encrypt("late").context("a", "b").toBytes();
        }
        try (KeyManager kms =
                KeyManager.builder().masterKey(source).timeSource(time).build()) {
            assertThat(kms.decrypt(early).toText()).isEqualTo("early");
            source.failure = () -> new UnavailableException("No answer.", "The store is away.", "Repeat it.");
            pass(Duration.ofMinutes(6));
            assertThat(kms.decrypt(early).toText()).isEqualTo("early");
            pass(Duration.ofMinutes(220));
            assertThat(kms.decrypt(late).context("a", "b").toText())
                    .as("seen for the first time, inside the window")
                    .isEqualTo("late");
            pass(Duration.ofMinutes(15));
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> kms.decrypt(late).context("a", "b").toText())
                        .as("past the window of the secret, which began with its last fetch")
                        .isInstanceOf(UnavailableException.class);
                assertThatThrownBy(() -> kms.decrypt(early).toText()).isInstanceOf(UnavailableException.class);
            }
            source.failure = null;
            pass(Duration.ofSeconds(30));
            assertThat(kms.decrypt(late).context("a", "b").toText()).isEqualTo("late");
            assertThat(kms.decrypt(early).toText()).isEqualTo("early");
        }
    }

    @Test
    void encrypt_inAnOutage_endsWithTheWindowOfTheSecret() throws Exception {
        try (KeyManager kms =
                KeyManager.builder().masterKey(source).timeSource(time).build()) {
            kms.encrypt("one").toBytes();
            source.failure = () -> new UnavailableException("No answer.", "The store is away.", "Repeat it.");
            pass(Duration.ofMinutes(6));
            kms.encrypt("two").toBytes();
            pass(Duration.ofMinutes(3));
            kms.encrypt("three").context("a", "b").toBytes();
            pass(Duration.ofMinutes(2));
            assertThatThrownBy(() -> kms.encrypt("four").toBytes()).isInstanceOf(UnavailableException.class);
            assertThatThrownBy(() -> kms.encrypt("five").context("a", "b").toBytes())
                    .isInstanceOf(UnavailableException.class);
            source.failure = null;
            pass(Duration.ofSeconds(30));
            kms.encrypt("six").toBytes();
        }
    }

    @Test
    void encrypt_underADataKeyMadeLateInTheAgeOfTheSecret_endsWithTheWindowOfTheSecret() throws Exception {
        try (KeyManager kms =
                KeyManager.builder().masterKey(source).timeSource(time).build()) {
            kms.encrypt("one").toBytes();
            source.failure = () -> new UnavailableException("No answer.", "The store is away.", "Repeat it.");
            pass(Duration.ofSeconds(230));
            kms.encrypt("made before the secret is past its age")
                    .context("a", "b")
                    .toBytes();
            pass(Duration.ofSeconds(350));
            kms.encrypt("inside the window").context("a", "b").toBytes();
            pass(Duration.ofSeconds(30));
            assertThatThrownBy(() -> kms.encrypt("past it").context("a", "b").toBytes())
                    .isInstanceOf(UnavailableException.class);
        }
    }

    @Test
    void decrypt_ofWhatWasOpenedLateInTheAgeOfTheSecret_endsWithTheWindowOfTheSecret() throws Exception {
        byte[] message;
        try (KeyManager elsewhere =
                KeyManager.builder().masterKey(new ScriptedSource(1)).build()) {
            message = elsewhere.encrypt("late").context("a", "b").toBytes();
        }
        try (KeyManager kms =
                KeyManager.builder().masterKey(source).timeSource(time).build()) {
            kms.encrypt("one").toBytes();
            source.failure = () -> new UnavailableException("No answer.", "The store is away.", "Repeat it.");
            pass(Duration.ofSeconds(230));
            kms.decrypt(message).context("a", "b").toText();
            pass(Duration.ofMinutes(235));
            kms.decrypt(message).context("a", "b").toText();
            pass(Duration.ofMinutes(2));
            assertThatThrownBy(() -> kms.decrypt(message).context("a", "b").toText())
                    .isInstanceOf(UnavailableException.class);
        }
    }

    /** Moves the clock, and lets the coarse one follow. */
    private void pass(Duration step) throws InterruptedException {
        time.advance(step);
        Thread.sleep(200);
    }
}
