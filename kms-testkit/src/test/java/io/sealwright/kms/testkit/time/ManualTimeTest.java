package io.sealwright.kms.testkit.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ManualTimeTest {
    @Test
    void advance_byAMinute_movesBothClocksEvenOverTheOverflow() {
        ManualTime time = new ManualTime();
        long nanos = time.nanoTime();
        Instant instant = time.instant();
        time.advance(Duration.ofMinutes(1));
        assertThat(time.nanoTime()).isNegative();
        assertThat(time.nanoTime() - nanos).isEqualTo(60_000_000_000L);
        assertThat(time.instant()).isEqualTo(instant.plusSeconds(60));
    }

    @Test
    void advance_back_isRefused() {
        assertThatThrownBy(() -> new ManualTime().advance(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("forward");
    }

    @Test
    void setTimeOfDay_back_leavesNanoTime() {
        ManualTime time = new ManualTime();
        long nanos = time.nanoTime();
        time.setTimeOfDay(Instant.EPOCH);
        assertThat(time.instant()).isEqualTo(Instant.EPOCH);
        assertThat(time.nanoTime()).isEqualTo(nanos);
    }
}
