package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class OnePerSettingsTest {
    private int made;
    private boolean failing;
    private final OnePerSettings<String> sessions = new OnePerSettings<>(settings -> {
        if (failing) {
            throw new IllegalStateException("no such server");
        }
        return "session " + ++made + " of " + settings.deadline();
    });

    private static ProviderSettings settings(int seconds) {
        return new ProviderSettings(
                Path.of("home"), false, Duration.ofSeconds(seconds), TimeSource.system(), Variables.ofProcess());
    }

    @Test
    void get_equalSettings_givesTheSame() {
        assertThat(sessions.get(settings(5))).isEqualTo("session 1 of PT5S");
        assertThat(sessions.get(settings(5))).isEqualTo("session 1 of PT5S");
    }

    @Test
    void get_otherSettings_makesAnotherThatTakesThePlace() {
        assertThat(sessions.get(settings(5))).isEqualTo("session 1 of PT5S");
        assertThat(sessions.get(settings(6))).isEqualTo("session 2 of PT6S");
        assertThat(sessions.get(settings(6))).isEqualTo("session 2 of PT6S");
        assertThat(sessions.get(settings(5))).isEqualTo("session 3 of PT5S");
    }

    @Test
    void get_makingFails_keepsWhatWasThere() {
        assertThat(sessions.get(settings(5))).isEqualTo("session 1 of PT5S");
        failing = true;
        assertThatThrownBy(() -> sessions.get(settings(6))).hasMessage("no such server");
        assertThat(sessions.get(settings(5))).isEqualTo("session 1 of PT5S");
    }
}
