package io.sealwright.kms.argon2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.spi.Variables;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BouncyArgon2idTest {
    @ParameterizedTest
    @CsvSource({
        "7, 64, 1, 1, 32, salt",
        "16, 7, 1, 1, 32, memory",
        "16, 31, 1, 4, 32, memory",
        "16, 64, 0, 1, 32, passes",
        "16, 64, 1, 0, 32, lanes",
        "16, -1, 1, 1, 32, memory",
        "16, 64, 1, 1, 3, tag"
    })
    void derive_outsideTheRfcsRange_isRefused(int salt, int memory, int passes, int lanes, int bytes, String what) {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new BouncyArgon2id().derive(new byte[8], new byte[salt], memory, passes, lanes, bytes))
                .withMessageContaining(what);
    }

    @Test
    void fromEnvironment_argon2id_roundTripsAndOpensWithAnyParameters() {
        Map<String, String> argon = Map.of(
                "ENCRYPTION_KEY", "correct horse battery staple, twice",
                "KMS_PASSPHRASE_KDF", "argon2id",
                "KMS_PASSPHRASE_MEMORY", "19MiB",
                "KMS_PASSPHRASE_PASSES", "2",
                "KMS_PASSPHRASE_LANES", "1");
        byte[] message;
        try (KeyManager kms = open(argon)) {
            message = kms.encrypt("secret").toBytes();
        }
        try (KeyManager kms = open(Map.of("ENCRYPTION_KEY", "correct horse battery staple, twice"))) {
            assertThat(kms.decrypt(message).toText()).isEqualTo("secret");
        }
    }

    private static KeyManager open(Map<String, String> variables) {
        return KeyManager.builder()
                .fromEnvironment(Variables.of(variables), none -> null)
                .build();
    }
}
