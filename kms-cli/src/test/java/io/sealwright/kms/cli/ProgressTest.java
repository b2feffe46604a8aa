package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Surroundings here(boolean terminal) {
        return Run.nowhere().terminals(false, false, terminal).surroundings(err, new Unfinished());
    }

    @Test
    void line_knownLength_hasABarAndPercent() {
        assertThat(Progress.line(50L << 20, 100L << 20, 2_000_000_000L))
                .isEqualTo("[===============               ]  50 %, 50 MiB, 25 MiB/s");
    }

    @Test
    void line_pipe_hasNoBar() {
        assertThat(Progress.line(50L << 20, null, 1_000_000_000L)).isEqualTo("50 MiB, 50 MiB/s");
    }

    @Test
    void of_noTerminal_isNone() {
        assertThat(Progress.of(here(false), 1L)).isNull();
    }

    @Test
    void add_withinASecond_paintsNothing() {
        Progress progress = Progress.of(here(true), 100L);
        progress.add(50);
        progress.clear();
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }
}
