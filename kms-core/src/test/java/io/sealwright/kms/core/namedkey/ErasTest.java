package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.RefusedException;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ErasTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    @Test
    void after_anything_isAboveItAndOfAnotherEra() {
        for (long highest : new long[] {0, 1, 999, 1L << 20, Eras.after(5, NOW), Eras.after(5, NOW) + 70_000}) {
            long next = Eras.after(highest, NOW);
            assertThat(next).isGreaterThan(highest).isPositive();
            assertThat(Eras.differ(highest, next)).isTrue();
            assertThat(Eras.differ(next, next + 1)).isFalse();
        }
    }

    @Test
    void after_whatNobodyKnowsAnyMore_isAboveItAllTheSame() {
        long forgotten = Eras.after(1_000, NOW) + 50;
        assertThat(Eras.after(3, NOW.plusMillis(1))).isGreaterThan(forgotten);
    }

    @Test
    void after_clockIsWrong_growsStill() {
        long first = Eras.after(7, Instant.EPOCH);
        assertThat(first).isEqualTo((1L << 20) + 1);
        assertThat(Eras.after(first, Instant.EPOCH.minusSeconds(1))).isEqualTo((2L << 20) + 1);
    }

    @Test
    void after_clockBeyondAllReasonOrNoEraLeft_isRefused() {
        assertThat(Eras.after(7, Instant.parse("2199-12-31T23:59:59Z"))).isPositive();
        assertThatThrownBy(() -> Eras.after(7, NOW.plusSeconds(1L << 35)))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("The clock says 3115");
        assertThatThrownBy(() -> Eras.after(Long.MAX_VALUE, NOW)).isInstanceOf(RefusedException.class);
    }
}
