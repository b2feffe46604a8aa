package io.sealwright.kms.core.crypto;

import static io.sealwright.kms.core.crypto.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import org.junit.jupiter.api.Test;

class GcmCipherVectorTest {
    private final GcmCipher pooled = newCipher();

    @Test
    void sealAndOpen_wycheproof_everyCaseOfOurSizes() {
        Map<String, Integer> counts = WycheproofFile.load("aes_gcm").run(this::check);

        assertThat(counts)
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of(WycheproofFile.EXECUTED, 66, "key size not ours", 211, "IV size not ours", 39));
    }

    private Optional<String> check(JsonNode group, JsonNode test) throws Exception {
        assertThat(group.get("tagSize").intValue()).isEqualTo(8 * GcmCipher.TAG_BYTES);
        byte[] key = hex(test, "key");
        byte[] nonce = hex(test, "iv");
        byte[] aad = hex(test, "aad");
        byte[] message = hex(test, "msg");
        if (group.get("keySize").intValue() != 256) {
            assertThatIllegalArgumentException().isThrownBy(() -> pooled.rekey(key));
            return Optional.of("key size not ours");
        }
        byte[] sealed = join(hex(test, "ct"), hex(test, "tag"));
        byte[] out = new byte[sealed.length + 6];
        pooled.rekey(key);
        if (group.get("ivSize").intValue() != 96) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pooled.seal(nonce, message, 0, message.length, aad, 0, aad.length, out, 0));
            return Optional.of("IV size not ours");
        }
        if (WycheproofFile.isValid(test)) {
            // Both with ranges that do not start at zero.
            byte[] shiftedAad = join(new byte[2], aad);
            byte[] shiftedMessage = join(new byte[5], message);
            int sealedLength = pooled.seal(nonce, shiftedMessage, 5, message.length, shiftedAad, 2, aad.length, out, 3);
            assertThat(sealedLength).isEqualTo(sealed.length);
            assertThat(out).isEqualTo(join(join(new byte[3], sealed), new byte[3]));

            byte[] opened = new byte[message.length + 2];
            int openedLength = pooled.open(nonce, out, 3, sealedLength, shiftedAad, 2, aad.length, opened, 1);
            assertThat(openedLength).isEqualTo(message.length);
            assertThat(opened).isEqualTo(join(join(new byte[1], message), new byte[1]));
        } else {
            assertThatThrownBy(() -> pooled.open(nonce, sealed, 0, sealed.length, aad, 0, aad.length, out, 0))
                    .isInstanceOf(AEADBadTagException.class);
            assertThat(out).containsOnly(0);
        }
        return Optional.empty();
    }

    private static GcmCipher newCipher() {
        try {
            return new GcmCipher(null);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static byte[] join(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
