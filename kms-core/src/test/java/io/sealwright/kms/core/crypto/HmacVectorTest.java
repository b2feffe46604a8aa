package io.sealwright.kms.core.crypto;

import static io.sealwright.kms.core.crypto.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HmacVectorTest {
    @ParameterizedTest
    @EnumSource
    void tagAndVerify_wycheproof_everyCase(HashFunction hash) {
        String file = "hmac_" + hash.name().toLowerCase(Locale.ROOT).replace("_", "");

        Map<String, Integer> counts = WycheproofFile.load(file).run((group, test) -> {
            byte[] key = hex(test, "key");
            byte[] message = hex(test, "msg");
            byte[] tag = hex(test, "tag");
            int tagBytes = group.get("tagSize").intValue() / 8;
            boolean valid = WycheproofFile.isValid(test);
            byte[] made = Hmac.tag(hash, key, tagBytes, null, message);
            assertThat(Arrays.equals(made, tag)).isEqualTo(valid);
            assertThat(Hmac.verify(hash, key, tag, tagBytes, null, message)).isEqualTo(valid);
            return Optional.empty();
        });

        assertThat(counts).containsExactly(Map.entry(WycheproofFile.EXECUTED, 174));
    }
}
