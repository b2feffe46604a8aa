package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.time.ManualTime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording of a process holds after an outage and a definite no. */
@Timeout(60)
class FlightRecorderTest {
    private static final byte[] PLAINTEXT = {1, 2, 3};
    private static final String URI = "faulty://flight";

    @TempDir
    Path folder;

    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey key = new FaultyMasterKey("flight");

    private KeyManager kms() {
        return KeyManager.builder()
                .masterKey(key)
                .timeSource(time)
                .retryAttempts(2)
                .deadline(Duration.ofSeconds(5))
                .build();
    }

    private void outageThenNo() {
        try (KeyManager kms = kms()) {
            kms.encrypt(PLAINTEXT).toBytes();
            key.fail(Operation.GENERATE, 10_000, () -> new UnavailableException("Away.", "A test.", "Wait."));
            time.advance(Duration.ofMinutes(6));
            assertThat(kms.encrypt(PLAINTEXT).toBytes()).isNotEmpty();
            for (int i = 0; i < 5; i++) {
                String context = "" + i;
                assertThatThrownBy(() ->
                                kms.encrypt(PLAINTEXT).context("a", context).toBytes())
                        .isInstanceOf(UnavailableException.class);
            }
            key.behave();
            time.advance(Duration.ofSeconds(6));
            kms.encrypt(PLAINTEXT).context("a", "b").toBytes();
            key.fail(
                    Operation.GENERATE,
                    100,
                    () -> new RefusedException(ErrorCode.KMS_KEY_STATE_REFUSED, "Off.", "A test.", "None."));
            assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).context("a", "c").toBytes())
                    .isInstanceOf(RefusedException.class);
        }
    }

    private List<RecordedEvent> recorded() throws IOException {
        Path file = folder.resolve("flight.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            outageThenNo();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .sorted(Comparator.comparing(RecordedEvent::getStartTime)) // they lie there by thread
                .toList();
    }

    private static List<RecordedEvent> of(List<RecordedEvent> all, String name, String field) {
        return all.stream()
                .filter(e -> e.getEventType().getName().equals("io.sealwright.kms." + name))
                .filter(e -> e.getString(field).equals(URI))
                .toList();
    }

    @Test
    void recording_outageThenDefiniteNo_holdsEachEvent() throws Exception {
        List<RecordedEvent> all = recorded();
        List<RecordedEvent> calls = of(all, "ProviderCall", "masterKey");
        assertThat(calls).allSatisfy(e -> assertThat(e.getString("operation")).isEqualTo("generate"));
        assertThat(calls)
                .extracting(e -> e.getString("outcome"))
                .contains(null, "KMS_UNAVAILABLE", "KMS_KEY_STATE_REFUSED");
        assertThat(of(all, "ProviderRetry", "masterKey")).isNotEmpty().allSatisfy(e -> {
            assertThat(e.getInt("attempt")).isEqualTo(1);
            assertThat(e.getDuration("pause")).isBetween(Duration.ofMillis(50), Duration.ofMillis(150));
        });
        assertThat(of(all, "BreakerChange", "masterKey"))
                .extracting(e -> e.getBoolean("open"))
                .containsExactly(true, false);
        assertThat(of(all, "OutageServing", "source"))
                .extracting(e -> e.getBoolean("serving"))
                .containsExactly(true, false);
        assertThat(of(all, "KeyEnded", "masterKey"))
                .isNotEmpty()
                .allSatisfy(e -> assertThat(e.getString("code")).isEqualTo("KMS_KEY_STATE_REFUSED"));
    }
}
