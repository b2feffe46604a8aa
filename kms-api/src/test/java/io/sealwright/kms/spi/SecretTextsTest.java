package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecretTextsTest {
    private static final String URL = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";
    private static final String HEX = "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

    private static SecretBytes read(@Nullable String text) {
        return SecretTexts.key(text).orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {URL, URL + "=", HEX})
    void key_eitherForm_givesTheKey(String text) {
        assertThat(read(text).copy()).isEqualTo(read(HEX).copy());
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "correct horse", HEX + "00", "\u00e4"})
    void key_noneOrAnythingElse_isEmpty(@Nullable String text) {
        assertThat(SecretTexts.key(text)).isEmpty();
    }

    @Test
    void text_overAnother_hasItsForm() {
        SecretBytes key = read(HEX);
        String otherHex = "0".repeat(64);
        assertThat(SecretTexts.text(key, otherHex, false)).isEqualTo(HEX);
        assertThat(SecretTexts.text(key, URL.replace('4', '5'), true)).isEqualTo(URL);
        assertThat(SecretTexts.text(key, null, true)).isEqualTo(HEX);
        assertThat(SecretTexts.text(key, null, false)).isEqualTo(URL);
    }

    @Test
    void noKey_textThatMayBeSecret_showsItsShapeAlone() {
        ConfigurationException error = SecretTexts.noKey("a://b", "Its field 'key'", "tr0ub4dor&3");
        assertThat(error)
                .hasMessageContaining("The secret a://b holds no key.")
                .hasMessageContaining("Its field 'key' must be 32 bytes in base64 or base64url")
                .hasMessageContaining("it is 11 bytes of text");
        for (String part : Arrays.asList("tr0ub4dor", "&3")) {
            assertThat(error.toString()).doesNotContain(part);
        }
        assertThat(SecretTexts.noKey("a://b", "It", null)).hasMessageContaining("it is no text");
        assertThat(SecretTexts.unusable("a://b", "It is binary.")).hasMessageContaining("It is binary.");
    }
}
