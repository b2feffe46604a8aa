package io.sealwright.kms.core.secretsource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.testkit.time.ManualTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

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

    /** Keys are used in process, passphrases on a worker: what is in memory is what serves either way. */
    static Stream<Arguments> sources() {
        return Stream.of(
                Arguments.of(new ScriptedSource(1), new ScriptedSource(1)),
                Arguments.of(new PassphraseSource(), new PassphraseSource()));
    }

    /** A passphrase that a store keeps. */
    private static final class PassphraseSource extends ScriptedSource {
        @Override
        SecretVersion newest() {
            byte[] text = "correct horse battery staple, twice".getBytes(StandardCharsets.UTF_8);
            return SecretVersion.passphrase("test", SecretBytes.owning(text), null);
        }
    }

    @ParameterizedTest
    @MethodSource("sources")
    void decrypt_betweenTheWindowsWithTheBreakerOpen_servesFromMemoryAndTellsTheBreakerNothing(
            ScriptedSource here, ScriptedSource there) throws Exception {
        byte[][] messages = new byte[2][];
        // A slow machine stretches a passphrase for seconds, and more than one; what is shown here needs no deadline.
        Duration patient = Duration.ofMinutes(2);
        try (KeyManager elsewhere =
                KeyManager.builder().masterKey(there).deadline(patient).build()) {
            for (int i = 0; i < messages.length; i++) {
                messages[i] = elsewhere.encrypt("m").context("n", "" + i).toBytes();
            }
        }
        try (KeyManager kms = KeyManager.builder()
                .masterKey(here)
                .timeSource(time)
                .deadline(patient)
                .retryAttempts(1)
                .build()) {
            kms.encrypt("one").toBytes();
            here.failure = () -> new UnavailableException("No answer.", "The store is away.", "Repeat it.");
            pass(Duration.ofMinutes(11));
            for (int i = 0; i < 12; i++) {
                String context = "" + i;
                assertThatThrownBy(() -> kms.encrypt("past encryptFor")
                                .context("c", context)
                                .toBytes())
                        .isInstanceOf(UnavailableException.class);
            }
            assertThat(breakerIsOpen(kms)).isTrue();
            assertThat(kms.decrypt(messages[0]).context("n", "0").toText())
                    .as("nobody is asked, so the breaker has no say")
                    .isEqualTo("m");
            time.advance(Duration.ofSeconds(6));
            assertThat(kms.decrypt(messages[1]).context("n", "1").toText()).isEqualTo("m");
            assertThat(breakerIsOpen(kms))
                    .as("no trial: the store said nothing")
                    .isTrue();
        }
    }

    @Test
    void health_whileTheSourceHasNoAnswer_isACallLikeAnyOther() {
        try (KeyManager kms = KeyManager.builder()
                .masterKey(source)
                .timeSource(time)
                .retryAttempts(1)
                .build()) {
            kms.encrypt("one").toBytes();
            long before = kms.metrics().masterKeys().get(0).noAnswers();
            source.failure = () -> new UnavailableException("No answer.", "The store is away.", "Repeat it.");
            assertThat(kms.health().healthy()).isFalse();
            assertThat(kms.metrics().masterKeys().get(0).noAnswers()).isEqualTo(before + 1);
        }
    }

    private static boolean breakerIsOpen(KeyManager kms) {
        return kms.metrics().masterKeys().get(0).breakerOpen();
    }

    @Test
    void definiteNo_toAFetchInTheBackground_endsWhatTheSecretGave() throws Exception {
        List<KmsEvent> events = new CopyOnWriteArrayList<>();
        byte[] message;
        try (KeyManager elsewhere =
                KeyManager.builder().masterKey(new ScriptedSource(1)).build()) {
            message = elsewhere.encrypt("m").context("a", "b").toBytes();
        }
        try (KeyManager kms = KeyManager.builder()
                .masterKey(source)
                .timeSource(time)
                .listener(events::add)
                .build()) {
            kms.encrypt("one").toBytes();
            pass(Duration.ofSeconds(230));
            kms.encrypt("under a data key that is not due for minutes")
                    .context("a", "b")
                    .toBytes();
            kms.decrypt(message).context("a", "b").toText();
            source.failure = () -> new KeyNotFoundException("It is not there.", "Deleted.", "Restore it.");
            pass(Duration.ofSeconds(15));
            for (int i = 0; i < 400 && events.stream().noneMatch(KmsEvent.KeyEnded.class::isInstance); i++) {
                Thread.sleep(50); // housekeeping looks from time to time, by the real clock
            }
            assertThat(source.fetches).as("the fetch that was due").hasValue(2);
            assertThat(events).filteredOn(KmsEvent.KeyEnded.class::isInstance).hasSize(1);
            source.failure = () -> new UnavailableException("No answer.", "The store is away.", "Repeat it.");
            assertThatThrownBy(() -> kms.encrypt("more").context("a", "b").toBytes())
                    .isInstanceOf(KmsException.class);
            assertThatThrownBy(() -> kms.decrypt(message).context("a", "b").toText())
                    .isInstanceOf(KmsException.class);
        }
    }

    /** One store that hangs must not hold up what a key in memory opens. */
    @Test
    void decrypt_anotherStoreHangsUnread_opensByWhatIsInMemory() throws Exception {
        ScriptedSource hanging = new ScriptedSource(9) {
            @Override
            public String uri() {
                return "scripted://hanging";
            }
        };
        CountDownLatch never = new CountDownLatch(1);
        hanging.before = () -> {
            try {
                boolean unused = never.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new UnavailableException("No answer.", "The store hangs.", "Repeat it.");
        };
        try (KeyManager kms = KeyManager.builder()
                .masterKey(source)
                .alsoOpenWith(hanging)
                .deadline(Duration.ofSeconds(20))
                .build()) {
            byte[] message = kms.encrypt("at hand").toBytes();
            assertThat(kms.decrypt(message).toText()).isEqualTo("at hand");
            assertThat(hanging.fetches).as("asked for nothing").hasValue(0);
            byte[] foreign;
            try (KeyManager elsewhere =
                    KeyManager.builder().masterKey(new ScriptedSource(9)).build()) {
                foreign = elsewhere.encrypt("in the other store").toBytes();
            }
            hanging.before = () -> {};
            assertThat(kms.decrypt(foreign).toText())
                    .as("what no key in memory opens is looked for")
                    .isEqualTo("in the other store");
        } finally {
            never.countDown();
        }
    }

    /** Moves the clock, and lets the coarse one follow. */
    private void pass(Duration step) throws InterruptedException {
        time.advance(step);
        Thread.sleep(200);
    }
}
