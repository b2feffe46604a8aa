package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkClaimTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @ParameterizedTest
    @ValueSource(strings = {"", "ä", "two\nlines", "null \0"})
    void new_nameNotPrintableAscii_isRefused(String name) {
        assertThatThrownBy(() -> new WorkClaim(name, "holder", MINUTE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("work must have 1 to 200 printable ASCII characters");
        assertThatThrownBy(() -> new WorkClaim("work", name, MINUTE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("holder must have");
    }

    @Test
    void new_longestName_isTaken() {
        assertThat(new WorkClaim("w".repeat(200), "h".repeat(200), MINUTE).work())
                .hasSize(200);
        assertThatThrownBy(() -> new WorkClaim("w".repeat(201), "h", MINUTE))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-1S", "PT0.0009S", "PT1H0.001S", "PT-2562047788015215H"})
    void new_leaseOutOfBounds_isRefused(String lease) {
        assertThatThrownBy(() -> new WorkClaim("work", "holder", Duration.parse(lease)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lease must be a millisecond to an hour");
    }
}
