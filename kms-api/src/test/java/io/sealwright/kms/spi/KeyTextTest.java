package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.SecretBytes;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyTextTest {
    private static final String URL = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";
    private static final String PLAIN = "4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8";

    @ParameterizedTest
    @ValueSource(strings = {URL, URL + "=", PLAIN, PLAIN + "="})
    void base64_eachSpelling_givesTheKey(String text) {
        assertThat(KeyText.base64(secret(text)).orElseThrow().copy())
                .isEqualTo(HexFormat.of().parseHex("e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "4OHi",
                URL + "==",
                URL + "A",
                URL + "\n",
                " " + URL,
                "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v9", // a stray bit in the last letter
                "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3+Pn6-_z9_v8", // both alphabets
                "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v!",
                "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
            })
    void base64_anythingElse_isEmpty(String text) {
        assertThat(KeyText.base64(secret(text))).isEmpty();
    }

    @Test
    void base64_anyKey_roundTrips() {
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            byte[] key = new byte[32];
            random.nextBytes(key);
            assertThat(KeyText.base64(KeyText.toBase64(SecretBytes.copyOf(key)))
                            .orElseThrow()
                            .copy())
                    .isEqualTo(key);
            String padded = Base64.getEncoder().encodeToString(key);
            assertThat(KeyText.base64(secret(padded)).orElseThrow().copy()).isEqualTo(key);
            assertThat(KeyText.hex(KeyText.toHex(SecretBytes.copyOf(key)))
                            .orElseThrow()
                            .copy())
                    .isEqualTo(key);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "E0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeFF",
                "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
            })
    void hex_ofEitherCase_givesTheKey(String text) {
        assertThat(KeyText.hex(secret(text)).orElseThrow().copy())
                .isEqualTo(HexFormat.of().parseHex(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfef",
                "g0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
                "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff0"
            })
    void hex_anythingElse_isEmpty(String text) {
        assertThat(KeyText.hex(secret(text))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "abc,3 hex digits",
        "xyz,3 characters of base64",
        "x!,2 bytes of text",
        "'x \n',3 bytes of text with white space in it"
    })
    void shape_ofAnyText_hasNoneOfItsCharacters(String text, String shape) {
        assertThat(KeyText.shape(secret(text))).isEqualTo(shape);
    }

    private static SecretBytes secret(String text) {
        return SecretBytes.owning(text.getBytes(StandardCharsets.UTF_8));
    }
}
