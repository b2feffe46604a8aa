package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void after_noRate_neverWaits() {
        assertThat(new Pace(null, 5).after(1_000_000, 5)).isZero();
    }

    @Test
    void after_rate_waitsForWhatWasDoneAndSavesNothingUp() {
        Pace pace = new Pace(100, 0);
        assertThat(pace.after(50, 0)).isEqualTo(Duration.ofMillis(500));
        assertThat(pace.after(50, SECOND / 2)).isEqualTo(Duration.ofMillis(500));
        assertThat(pace.after(100, 10 * SECOND)).as("a second of slack at most").isZero();
        assertThat(pace.after(100, 10 * SECOND)).isEqualTo(Duration.ofSeconds(1));
    }
}
