package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SpeedTest {
    private final ManualTime time = new ManualTime();
    private final Speed speed = new Speed(time);

    private void batch(int items, boolean secondLook, int seconds) {
        speed.batchBegins();
        time.advance(Duration.ofSeconds(seconds));
        speed.batchEnds(items, secondLook);
    }

    @Test
    void rates_beforeTheFirstBatch_areZero() {
        time.advance(Duration.ofSeconds(1));
        assertThat(speed.perSecond()).isZero();
        assertThat(speed.lastBatchPerSecond()).isZero();
        assertThat(speed.took()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void perSecond_countsPausesBetweenBatches_lastBatchDoesNot() {
        batch(100, false, 1);
        time.advance(Duration.ofSeconds(3));
        batch(300, false, 1);
        assertThat(speed.perSecond()).isEqualTo(80);
        assertThat(speed.lastBatchPerSecond()).isEqualTo(300);
    }

    @Test
    void secondLook_countsForItsOwnBatchAlone() {
        batch(100, false, 2);
        batch(100, true, 1);
        assertThat(speed.perSecond()).isEqualTo(50);
        assertThat(speed.lastBatchPerSecond()).isEqualTo(100);
        assertThat(speed.took()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void secondLookAlone_movesNothing() {
        batch(100, true, 1);
        assertThat(speed.perSecond()).isZero();
    }
}
