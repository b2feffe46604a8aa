package io.sealwright.kms.core.crypto;

import static io.sealwright.kms.core.crypto.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Pbkdf2VectorTest {
    @ParameterizedTest
    @CsvSource({"SHA_256, pbkdf2_hmacsha256, 60", "SHA_384, pbkdf2_hmacsha384, 58", "SHA_512, pbkdf2_hmacsha512, 58"})
    void derive_wycheproof_everyCase(HashFunction hash, String file, int cases) {
        Map<String, Integer> counts = WycheproofFile.load(file).run((group, test) -> {
            assertThat(WycheproofFile.isValid(test))
                    .as("the file has valid cases only")
                    .isTrue();
            byte[] derived = Pbkdf2.derive(
                    hash,
                    hex(test, "password"),
                    hex(test, "salt"),
                    test.get("iterationCount").intValue(),
                    test.get("dkLen").intValue(),
                    () -> false);
            assertThat(derived).isEqualTo(hex(test, "dk"));
            return Optional.empty();
        });

        assertThat(counts).containsExactly(Map.entry(WycheproofFile.EXECUTED, cases));
    }

    @Test
    void derive_stopped_endsEarly() {
        int[] looks = new int[1];
        assertThatThrownBy(() -> Pbkdf2.derive(
                        HashFunction.SHA_512, new byte[1], new byte[16], 10_000_000, 32, () -> ++looks[0] == 3))
                .isInstanceOf(Pbkdf2.StoppedException.class);
        assertThat(looks[0]).isEqualTo(3);
    }
}
