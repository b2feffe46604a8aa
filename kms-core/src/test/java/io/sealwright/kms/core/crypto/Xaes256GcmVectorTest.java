package io.sealwright.kms.core.crypto;

import static io.sealwright.kms.core.crypto.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class Xaes256GcmVectorTest {
    @Test
    void seal_specificationsVectors_everyIntermediateValue() throws Exception {
        JsonNode tests = Vectors.json("c2sp/xaes-256-gcm.json").get("tests");
        assertThat(tests).hasSize(2);
        for (JsonNode test : tests) {
            byte[] key = hex(test, "key");
            byte[] nonce = hex(test, "nonce");
            byte[] aad = hex(test, "aad");
            Cipher block = Cipher.getInstance("AES/ECB/NoPadding");
            block.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
            assertThat(block.doFinal(new byte[16])).isEqualTo(hex(test, "L"));
            assertThat(Xaes256Gcm.doubled(hex(test, "L"))).isEqualTo(hex(test, "K1"));
            byte[] messages = new byte[32];
            Xaes256Gcm.putMessage(1, nonce, messages, 0);
            Xaes256Gcm.putMessage(2, nonce, messages, 16);
            assertThat(messages).isEqualTo(GcmCipherVectorTest.join(hex(test, "M1"), hex(test, "M2")));
            assertThat(Arrays.copyOfRange(nonce, 12, 24)).isEqualTo(hex(test, "gcmNonce"));

            try (Xaes256Gcm cipher = new Xaes256Gcm(key, null)) {
                assertThat(cipher.cmacSubkey()).isEqualTo(hex(test, "K1"));
                assertThat(cipher.derivedKey(nonce)).isEqualTo(hex(test, "derivedKey"));
                assertThat(cipher.seal(nonce, hex(test, "plaintext"), aad)).isEqualTo(hex(test, "ciphertextAndTag"));
                assertThat(cipher.open(nonce, hex(test, "ciphertextAndTag"), aad))
                        .isEqualTo(hex(test, "plaintext"));
            }
        }
    }

    /** The specification's "accumulated randomized tests", 10,000 iterations; the hash is out of its text. */
    @Test
    void seal_specificationsAccumulatedTest_agrees() throws Exception {
        Shake128 random = new Shake128();
        Shake128 hash = new Shake128();
        boolean first = true;
        for (int i = 0; i < 10_000; i++) {
            byte[] key = random.squeeze(32);
            if (first) {
                assertThat(HexFormat.of().formatHex(key, 0, 16)).isEqualTo("7f9c2ba4e88f827d616045507605853e");
                first = false;
            }
            byte[] nonce = random.squeeze(24);
            byte[] plaintext = random.squeeze(random.squeeze(1)[0] & 0xff);
            byte[] aad = random.squeeze(random.squeeze(1)[0] & 0xff);
            try (Xaes256Gcm cipher = new Xaes256Gcm(key, null)) {
                byte[] sealed = cipher.seal(nonce, plaintext, aad);
                hash.absorb(sealed);
                assertThat(Arrays.equals(cipher.open(nonce, sealed, aad), plaintext))
                        .isTrue();
            }
        }
        assertThat(HexFormat.of().formatHex(hash.squeeze(32)))
                .isEqualTo("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
    }
}
