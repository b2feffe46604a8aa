package io.sealwright.kms.argon2;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BouncyArgon2idVectorTest {
    /** RFC 9106, sections 5.1 to 5.3: all three that it has, though the library offers Argon2id alone. */
    @ParameterizedTest
    @CsvSource({
        Argon2Parameters.ARGON2_d + ", 512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb",
        Argon2Parameters.ARGON2_i + ", c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
        Argon2Parameters.ARGON2_id + ", 0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    })
    void derive_rfc9106_givesItsTag(int type, String tag) {
        byte[] derived =
                BouncyArgon2id.derive(type, filled(32, 1), filled(16, 2), filled(8, 3), filled(12, 4), 32, 3, 4, 32);
        assertThat(HexFormat.of().formatHex(derived)).isEqualTo(tag);
    }

    /** Without secret and associated data, as the library calls it: test.c of the reference implementation (CC0). */
    @ParameterizedTest
    @CsvSource({
        "password, somesalt, 65536, 2, 1, 09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
        "password, somesalt, 256, 2, 1, 9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
        "password, somesalt, 256, 2, 2, 6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
        "password, somesalt, 65536, 1, 1, f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98",
        "password, somesalt, 65536, 4, 1, 9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c",
        "differentpassword, somesalt, 65536, 2, 1, 0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
        "password, diffsalt, 65536, 2, 1, bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"
    })
    void derive_referenceImplementation_givesItsTag(
            String password, String salt, int memory, int passes, int lanes, String tag) {
        byte[] derived = new BouncyArgon2id()
                .derive(
                        password.getBytes(StandardCharsets.US_ASCII),
                        salt.getBytes(StandardCharsets.US_ASCII),
                        memory,
                        passes,
                        lanes,
                        32);
        assertThat(HexFormat.of().formatHex(derived)).isEqualTo(tag);
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
