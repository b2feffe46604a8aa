package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TerminalGuardTest {
    private final ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    private final TerminalGuard guard = new TerminalGuard(terminal);

    @Test
    void write_text_passes() throws Exception {
        guard.write("Grüße\t漢字 à\r\n".getBytes(StandardCharsets.UTF_8));
        assertThat(terminal.toString(StandardCharsets.UTF_8)).isEqualTo("Grüße\t漢字 à\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u0000", "\u001b[31m", "\u007f", "\u009b31m"})
    void write_controlCharacter_stopsBeforeThePiece(String control) {
        assertThatThrownBy(() -> guard.write(("before" + control).getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("[KMS_CLI_TERMINAL]");
        assertThat(terminal.size()).isZero();
    }

    @Test
    void write_controlCharacterInTwoPieces_stops() throws Exception {
        guard.write(0xc2);
        assertThatThrownBy(() -> guard.write(0x9b)).hasMessageContaining("[KMS_CLI_TERMINAL]");
    }
}
