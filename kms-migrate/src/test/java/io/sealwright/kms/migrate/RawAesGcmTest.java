package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.migrate.RawAesGcm.Encoding;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What older systems wrote, in every order, length and spelling that is read. */
class RawAesGcmTest {
    private static final byte[] PLAINTEXT = "4111 1111 1111 1111".getBytes(StandardCharsets.UTF_8);
    private static final byte[] KEY = OldSystem.key(32);

    @ParameterizedTest
    @CsvSource({
        "iv|ciphertext|tag, 12, BYTES",
        "iv|ciphertext|tag, 16, BYTES",
        "iv|ciphertext|tag, 16, BASE64",
        "iv|ciphertext|tag, 12, HEX",
        "iv|tag|ciphertext, 16, BYTES",
        "iv|tag|ciphertext, 12, BASE64",
        "ciphertext|tag|iv, 12, BYTES",
        "tag|iv|ciphertext, 16, HEX",
        "iv:tag:ciphertext, 16, HEX",
        "iv:ciphertext:tag, 12, BASE64",
        "iv:ciphertext|tag, 12, BASE64",
        "ciphertext.tag|iv, 16, HEX",
        "iv$ciphertext$tag, 12, HEX",
        "'iv,tag;ciphertext', 12, HEX"
    })
    void open_everyForm_givesThePlaintext(String layout, int ivBytes, Encoding encoding) {
        try (RawAesGcm raw = RawAesGcm.builder()
                .key(KEY)
                .layout(layout)
                .ivBytes(ivBytes)
                .encoding(encoding)
                .build()) {
            OldSystem old = new OldSystem(KEY, layout, ivBytes, encoding);
            byte[] data = old.seal(PLAINTEXT);
            assertThat(raw.open("1", data)).isEqualTo(PLAINTEXT);
            assertThat(raw.open("1", old.seal(new byte[0]))).as("nothing").isEmpty();
            for (int i = 0; i < data.length; i++) {
                byte[] changed = data.clone();
                changed[i] ^= 1;
                int at = i;
                // One bit of the last letter may mean nothing, and hexadecimal digits have two cases.
                if (!new String(changed, StandardCharsets.ISO_8859_1)
                                .equalsIgnoreCase(new String(data, StandardCharsets.ISO_8859_1))
                        && encoding != Encoding.BASE64) {
                    assertThatThrownBy(() -> raw.open("1", changed))
                            .as("byte %d", at)
                            .isInstanceOfAny(AuthenticationFailedException.class, MalformedMessageException.class);
                }
            }
        }
    }

    @Test
    void open_keysOf16And24Bytes_andAssociatedData() {
        for (int bytes : new int[] {16, 24, 32}) {
            byte[] key = OldSystem.key(bytes);
            try (RawAesGcm raw = RawAesGcm.builder()
                    .key(OldSystem.key(16).clone())
                    .key(key)
                    .associatedData(item -> item.getBytes(StandardCharsets.UTF_8))
                    .build()) {
                byte[] data = new OldSystem(key, "iv|ciphertext|tag", 12, Encoding.BYTES).seal(PLAINTEXT, "17");
                assertThat(raw.open("17", data)).isEqualTo(PLAINTEXT);
                assertThatThrownBy(() -> raw.open("18", data)).isInstanceOf(AuthenticationFailedException.class);
            }
        }
    }

    @Test
    void open_otherKey_isAnAuthenticationErrorThatShowsNothing() {
        byte[] data = new OldSystem(KEY, "iv|ciphertext|tag", 12, Encoding.BYTES).seal(PLAINTEXT);
        byte[] other = KEY.clone();
        other[0] ^= 1;
        try (RawAesGcm raw = RawAesGcm.builder().key(other).build()) {
            assertThatThrownBy(() -> raw.open("1", data)).isInstanceOf(AuthenticationFailedException.class);
            assertThat(raw.toString())
                    .contains("redacted")
                    .doesNotContain(HexFormat.of().formatHex(other))
                    .doesNotContain(Base64.getEncoder().encodeToString(other));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "zz:zz:zz", "00:11", "iv:tag:ciphertext", "0011223344"})
    void open_otherForm_isMalformedAndQuotesNothing(String text) {
        try (RawAesGcm raw =
                RawAesGcm.builder().key(KEY).layout("iv:tag:ciphertext").build()) {
            assertThatThrownBy(() -> raw.open("1", text.getBytes(StandardCharsets.UTF_8)))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("iv:tag:ciphertext, IV of 12 bytes, HEX")
                    .satisfies(e -> assertThat(e.getCause()).isNull());
        }
    }

    @Test
    void keys_ofASource_allAreTriedCurrentFirst() {
        byte[] before = OldSystem.key(32);
        byte[] data = new OldSystem(before, "iv|ciphertext|tag", 16, Encoding.BYTES).seal(PLAINTEXT);
        SecretSource source = SecretSource.of("test:key", SecretVersion.key("1", SecretBytes.copyOf(before), null));
        RawAesGcm raw = RawAesGcm.builder().key(KEY).keys(source).ivBytes(16).build();
        assertThat(raw.open("1", data)).isEqualTo(PLAINTEXT);
        raw.close();
        assertThatThrownBy(() -> raw.open("1", data)).isInstanceOf(IllegalStateException.class);
        SecretSource passphrase = SecretSource.of(
                "test:passphrase",
                SecretVersion.passphrase(
                        "1", SecretBytes.copyOf("correct horse".getBytes(StandardCharsets.UTF_8)), null));
        assertThatThrownBy(() -> RawAesGcm.builder().keys(passphrase))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("passphrase")
                .hasMessageNotContaining("horse");
    }

    @Test
    void builder_misused_saysHow() {
        assertThatThrownBy(() -> RawAesGcm.builder().build()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> RawAesGcm.builder().key(new byte[31]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("31");
        assertThatThrownBy(() -> RawAesGcm.builder().key(KEY).ivBytes(13).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("13");
        for (String layout : Arrays.asList("", "iv", "iv|ciphertext", "iv|iv|tag", "iv|ciphertext|tag|tag", "iv tag")) {
            assertThatThrownBy(() -> RawAesGcm.builder().key(KEY).layout(layout).build())
                    .as(layout)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> RawAesGcm.builder()
                        .key(KEY)
                        .layout("iv:ciphertext:tag")
                        .encoding(Encoding.BYTES)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HEX");
        assertThatThrownBy(() -> RawAesGcm.builder().layout("iv|ciphertext|tag").layout("iv|tag|ciphertext"))
                .isInstanceOf(IllegalStateException.class);
    }
}
