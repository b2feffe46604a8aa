package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BuilderChecksTest {
    @Test
    void once_nothingBefore_passes() {
        assertThatCode(() -> BuilderChecks.once("pin", null)).doesNotThrowAnyException();
        assertThatCode(() -> BuilderChecks.once("maxAge", null, 5)).doesNotThrowAnyException();
    }

    @Test
    void once_somethingBefore_namesTheSetterAndShowsValuesOnlyIfTold() {
        assertThatThrownBy(() -> BuilderChecks.once("pin", "1234"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("pin given twice");
        assertThatThrownBy(() -> BuilderChecks.once("maxAge", 5, 6))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("maxAge given twice: 5, then 6");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0.000000001S", "PT10M"})
    void timeout_atTheBounds_isGivenBack(Duration timeout) {
        assertThat(BuilderChecks.timeout(timeout)).isEqualTo(timeout);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-1S", "PT10M0.000000001S"})
    void timeout_outOfBounds_isRefusedWithTheBounds(Duration timeout) {
        assertThatThrownBy(() -> BuilderChecks.timeout(timeout))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timeout must be over zero and at most PT10M, not " + timeout);
    }
}
