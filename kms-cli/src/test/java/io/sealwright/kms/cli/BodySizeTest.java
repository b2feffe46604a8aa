package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BodySizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 5, 5, 0",
        "1, 28, 0, 0",
        "1, 129, 101, 0",
        "2, 40, 0, 0",
        "2, 141, 101, 0",
        "4, 72, 0, 1",
        "4, 73, 1, 1",
        "4, 16455, 16383, 1",
        "4, 16472, 16384, 2",
        "4, 16473, 16385, 2",
        "4, 32872, 32768, 3"
    })
    void of_wholeBody_tellsLengthAndChunks(int suite, long body, long plaintext, long chunks) {
        assertThat(BodySize.of(suite, body)).isEqualTo(new BodySize(plaintext, chunks));
    }

    @ParameterizedTest
    @CsvSource({"1, 27", "2, 39", "4, 55", "4, 71", "4, 16456", "4, 16471", "5, 100", "99, 100"})
    void of_cutBodyOrUnknownSuite_tellsNothing(int suite, long body) {
        assertThat(BodySize.of(suite, body)).isEqualTo(new BodySize(null, null));
    }

    @Test
    void of_pipe_tellsNothing() {
        assertThat(BodySize.of(1, null)).isEqualTo(new BodySize(null, null));
    }
}
