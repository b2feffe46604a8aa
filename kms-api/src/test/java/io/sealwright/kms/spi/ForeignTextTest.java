package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForeignTextTest {
    @ParameterizedTest
    @CsvSource({
        "'', ''",
        "' ~', ' ~'",
        "'a\nb\r\tc', 'a?b??c'",
        "'\u0000\u001b[2J\u007f', '??[2J?'",
        "'\u00e4\u202e\u0085\ud83d\udd11', '????'",
    })
    void shown_anyCharacter_isVisibleAsciiOrAQuestionMark(String text, String shown) {
        assertThat(ForeignText.shown(text)).isEqualTo(shown);
    }

    @Test
    void shown_tooLong_isCutWithAnEllipsis() {
        assertThat(ForeignText.shown("x".repeat(80))).isEqualTo("x".repeat(80));
        assertThat(ForeignText.shown("x".repeat(81))).isEqualTo("x".repeat(80) + "…");
        assertThat(ForeignText.shown("\u00e4bcd", 3)).isEqualTo("?bc…");
    }
}
