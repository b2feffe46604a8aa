package io.sealwright.kms.core.crypto;

import static io.sealwright.kms.core.crypto.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HkdfVectorTest {
    @ParameterizedTest
    @CsvSource({"SHA_256, hkdf_sha256, 86", "SHA_384, hkdf_sha384, 83", "SHA_512, hkdf_sha512, 83"})
    void extractThenExpand_wycheproof_everyCase(HashFunction hash, String file, int cases) {
        Map<String, Integer> counts = WycheproofFile.load(file).run((group, test) -> {
            byte[] info = hex(test, "info");
            int size = test.get("size").intValue();
            byte[] prk = Hkdf.extract(hash, hex(test, "salt"), hex(test, "ikm"), null);
            if (WycheproofFile.isValid(test)) {
                assertThat(Hkdf.expand(hash, prk, info, size, null)).isEqualTo(hex(test, "okm"));
            } else {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> Hkdf.expand(hash, prk, info, size, null))
                        .withMessageContaining("255 blocks");
            }
            return Optional.empty();
        });

        assertThat(counts).containsExactly(Map.entry(WycheproofFile.EXECUTED, cases));
    }
}
