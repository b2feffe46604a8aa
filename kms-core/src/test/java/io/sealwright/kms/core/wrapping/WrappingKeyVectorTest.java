package io.sealwright.kms.core.wrapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Values computed by {@code src/test/resources/wrapping/known_answers.py} with Python's "cryptography". */
class WrappingKeyVectorTest {
    private static final byte[] MATERIAL = range(0x00, 0x20);
    private static final byte[] VERSION_ID = range(0xa0, 0xb0);
    private static final byte[] NONCE = range(0xc0, 0xd8);
    private static final byte[] KEY = range(0x40, 0x60);
    private static final String CHECK = "c6383d0fa78710fa";
    private static final WrapBinding DATA_KEY =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of(Map.of("tenant", "acme", "purpose", "test")));
    private static final WrapBinding STORE_KEY = new WrapBinding(Purpose.STORE_KEY, EncryptionContext.empty());
    private static final String DATA_KEY_WRAP = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7"
            + "645a86e8823c04892933d0aadd3b2bb9fd443baaf8b25f2c957a61a0c366ff95"
            + "a823c48432a41c65a3553c0fdf6175a8";
    private static final String STORE_KEY_WRAP = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7"
            + "645a86e8823c04892933d0aadd3b2bb9fd443baaf8b25f2c957a61a0c366ff95"
            + "577751bc022bcd7876b8d0dcc120ce0b";

    @Test
    void check_agreesWithVector() {
        try (WrappingKey key = key()) {
            assertThat(key.check()).asHexString().isEqualToIgnoringCase(CHECK);
        }
    }

    @Test
    void directRoot_agreesWithVector() {
        try (WrappingKey key = key()) {
            assertThat(key.directRoot())
                    .asHexString()
                    .isEqualToIgnoringCase("201c2017d1de6f1e85a8d2fd4aa71ba03566d1f294b3925cef85487ccae764c5");
        }
    }

    @Test
    void versionId_ofBareKey_agreesWithVector() {
        try (WrappingKey key = WrappingKey.bare(SecretBytes.copyOf(MATERIAL))) {
            assertThat(key.versionId()).asHexString().isEqualToIgnoringCase("1cc989e4da2363375df6133129069b2c");
            assertThat(key.check()).asHexString().isEqualToIgnoringCase(CHECK);
        }
    }

    @Test
    void recipientId_isVersionIdThenCheck() {
        try (WrappingKey key = key()) {
            assertThat(key.recipientId())
                    .asHexString()
                    .isEqualToIgnoringCase("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf" + CHECK);
        }
    }

    @Test
    void associatedData_agreesWithVector() {
        assertThat(WrappingKey.associatedData(VERSION_ID, DATA_KEY))
                .asHexString()
                .isEqualToIgnoringCase("7365616c7772696768742f7631" + "01" + "0010" + "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                        + "0007707572706f7365000474657374000674656e616e74000461636d65");
    }

    @Test
    void wrap_withContext_agreesWithVector() {
        try (WrappingKey key = key()) {
            assertThat(key.wrap(KEY, DATA_KEY)).asHexString().isEqualToIgnoringCase(DATA_KEY_WRAP);
        }
    }

    @Test
    void wrap_ofOtherPurposeWithoutContext_agreesWithVector() {
        try (WrappingKey key = key()) {
            assertThat(key.wrap(KEY, STORE_KEY)).asHexString().isEqualToIgnoringCase(STORE_KEY_WRAP);
        }
    }

    @Test
    void unwrap_agreesWithVector() {
        try (WrappingKey key = key();
                SecretBytes opened = key.unwrap(HexFormat.of().parseHex(DATA_KEY_WRAP), VERSION_ID, DATA_KEY)) {
            assertThat(opened.copy()).isEqualTo(KEY);
        }
    }

    private static WrappingKey key() {
        return new WrappingKey(
                VERSION_ID, SecretBytes.copyOf(MATERIAL), nonce -> System.arraycopy(NONCE, 0, nonce, 0, nonce.length));
    }

    private static byte[] range(int from, int to) {
        byte[] bytes = new byte[to - from];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (from + i);
        }
        return bytes;
    }
}
