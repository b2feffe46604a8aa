package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.migrate.MigrationReport;
import io.sealwright.kms.testkit.time.ManualTime;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class MovingProgressTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final ManualTime time = new ManualTime();

    private MovingProgress progress(boolean terminal) {
        Surroundings here = Run.nowhere().terminals(false, false, terminal).surroundings(err, new Unfinished());
        return new MovingProgress(here, time);
    }

    private static MigrationReport report(long read, double perSecond, double lastBatchPerSecond) {
        return new MigrationReport(
                false,
                false,
                read,
                read - 1,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                1,
                List.of(),
                List.of(),
                List.of(),
                0,
                0,
                0,
                Duration.ofSeconds(2),
                perSecond,
                lastBatchPerSecond);
    }

    private String shown() {
        String shown = err.toString(StandardCharsets.UTF_8);
        err.reset();
        return shown;
    }

    @Test
    void accept_afterASecond_showsCountsAndRates() {
        try (MovingProgress progress = progress(true)) {
            progress.accept(report(500, 1234.5, 1500));
            assertThat(shown()).as("within a second").isEmpty();
            time.advance(Duration.ofSeconds(1));
            progress.accept(report(1_000, 1234.4, 1500.6));
            assertThat(shown())
                    .isEqualTo("\r1000 looked at, 999 moved, 1 failed; 1234 a second, 1501 in the last batch\033[K");
            time.advance(Duration.ofMillis(99));
            progress.accept(report(1_500, 1, 1));
            assertThat(shown()).as("painted too often").isEmpty();
            time.advance(Duration.ofMillis(1));
            progress.accept(report(2_000, 0.25, 9.96));
            assertThat(shown())
                    .isEqualTo("\r2000 looked at, 1999 moved, 1 failed; 0.3 a second, 10.0 in the last batch\033[K");
        }
        assertThat(shown()).isEqualTo("\r\033[K");
    }

    @Test
    void accept_noTerminal_showsNothing() {
        try (MovingProgress progress = progress(false)) {
            time.advance(Duration.ofMinutes(1));
            progress.accept(report(500, 10, 10));
        }
        assertThat(shown()).isEmpty();
    }
}
