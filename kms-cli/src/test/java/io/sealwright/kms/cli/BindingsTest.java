package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BindingsTest {
    @Test
    void context_valueWithEqualsOrEmpty_splitsAtTheFirst() {
        assertThat(Bindings.context(List.of("a=b=c", "d=")).pairs()).isEqualTo(Map.of("a", "b=c", "d", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tenant", "=acme", "", "sealwright:x=1", "a=\uFFFD"})
    void context_malformed_isWrongUsage(String pair) {
        assertThatThrownBy(() -> Bindings.context(List.of(pair)))
                .isInstanceOfSatisfying(Failure.class, e -> assertThat(e.code()).isEqualTo(Failure.Code.KMS_CLI_USAGE));
    }

    @Test
    void context_nameTwice_isWrongUsage() {
        assertThatThrownBy(() -> Bindings.context(List.of("a=1", "a=1"))).hasMessageContaining("'a' twice");
    }

    @Test
    void associatedData_hex_isDecoded() {
        assertThat(Bindings.associatedData("00fF")).containsExactly(0, 0xff);
        assertThat(Bindings.associatedData("")).isEmpty();
        assertThat(Bindings.associatedData(null)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "xx", "00 ff", "0x00"})
    void associatedData_noHex_isWrongUsageAndNotRepeated(String given) {
        assertThatThrownBy(() -> Bindings.associatedData(given))
                .isInstanceOfSatisfying(Failure.class, e -> assertThat(e.code()).isEqualTo(Failure.Code.KMS_CLI_USAGE))
                .hasMessageContaining("-a needs HEX or @FILE");
    }

    @Test
    void associatedData_file_isRead(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("aad"), new byte[] {1, 2});
        assertThat(Bindings.associatedData("@" + file)).containsExactly(1, 2);
    }

    @Test
    void associatedData_missingFile_isAFailure(@TempDir Path folder) {
        assertThatThrownBy(() -> Bindings.associatedData("@" + folder.resolve("none")))
                .isInstanceOfSatisfying(Failure.class, e -> assertThat(e.code()).isEqualTo(Failure.Code.KMS_CLI_INPUT));
    }
}
