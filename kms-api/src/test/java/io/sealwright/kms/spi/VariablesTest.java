package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.ConfigurationException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VariablesTest {
    @TempDir
    Path folder;

    @Test
    void value_emptyOrMissing_isNotSet() {
        Variables variables = Variables.of(Map.of("EMPTY", "", "SET", "x"));
        assertThat(variables.value("EMPTY")).isEmpty();
        assertThat(variables.value("MISSING")).isEmpty();
        assertThat(variables.value("SET")).contains("x");
        assertThat(variables.hasSecret("EMPTY")).isFalse();
        assertThat(variables.secret("MISSING")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"'secret',secret", "'secret\n',secret", "'secret\r\n',secret", "'secret\n\n','secret\n'", "' s ',' s '"
    })
    void secret_fromFile_losesOneFinalNewline(String content, String expected) throws Exception {
        assertThat(read(Map.of("X_FILE", write(content).toString()))).isEqualTo(expected);
    }

    @Test
    void secret_fromValue_isTakenAsItIs() {
        assertThat(read(Map.of("X", "sécret\n"))).isEqualTo("sécret\n");
    }

    @Test
    void secret_fileChanged_isReadAnew() throws Exception {
        Path file = write("one");
        Variables variables = Variables.of(Map.of("X_FILE", file.toString()));
        assertThat(text(variables)).isEqualTo("one");
        Files.writeString(file, "two");
        assertThat(text(variables)).isEqualTo("two");
    }

    @Test
    void secret_valueAndFile_isRefusedWithBothNames() throws Exception {
        Variables variables =
                Variables.of(Map.of("X", "top", "X_FILE", write("secret").toString()));
        assertThatThrownBy(() -> variables.secret("X"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("X and X_FILE are both set")
                .hasMessageNotContaining("top");
    }

    @ParameterizedTest
    @CsvSource({"'',It is empty", "'\n',It is empty"})
    void secret_emptyFile_isRefused(String content, String why) throws Exception {
        Variables variables = Variables.of(Map.of("X_FILE", write(content).toString()));
        assertThatThrownBy(() -> variables.secret("X"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("X_FILE")
                .hasMessageContaining(why);
    }

    @Test
    void secret_fileMissing_isRefusedWithItsPath() {
        Variables variables =
                Variables.of(Map.of("X_FILE", folder.resolve("none").toString()));
        assertThatThrownBy(() -> variables.secret("X"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("none")
                .hasMessageContaining("It is not there");
    }

    @Test
    void secret_fileAtTheLimit_isReadAndOverItRefused() throws Exception {
        String most = "x".repeat(Variables.MAX_SECRET_BYTES);
        assertThat(read(Map.of("X_FILE", write(most + "\r\n").toString()))).isEqualTo(most);
        Variables over = Variables.of(Map.of("X_FILE", write(most + "x").toString()));
        assertThatThrownBy(() -> over.secret("X")).hasMessageContaining("more than 65536 bytes");
    }

    @Test
    void toString_ofVariables_showsNone() {
        assertThat(Variables.of(Map.of("X", "top")).toString()).doesNotContain("top");
    }

    private Path write(String content) throws Exception {
        return Files.writeString(folder.resolve("secret"), content);
    }

    private static String read(Map<String, String> variables) {
        return text(Variables.of(variables));
    }

    private static String text(Variables variables) {
        return new String(variables.secret("X").orElseThrow().copy(), StandardCharsets.UTF_8);
    }
}
