package io.sealwright.kms.core.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.NoSuchAlgorithmException;
import java.security.Security;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class HmacTest {
    private static final byte[] KEY = {1, 2, 3, 4};
    private static final byte[] MESSAGE = {9, 8, 7, 6, 5};

    @Test
    void tag_messageInParts_equalsMessageAtOnce() throws Exception {
        byte[] whole = Hmac.tag(HashFunction.SHA_512, KEY, 64, null, MESSAGE);

        assertThat(Hmac.tag(HashFunction.SHA_512, KEY, 64, null, new byte[] {9, 8}, new byte[0], new byte[] {7, 6, 5}))
                .isEqualTo(whole);
        assertThat(new Hmac(HashFunction.SHA_512, KEY, Security.getProvider("SunJCE"))
                        .update(new byte[] {0, 9, 8, 7}, 1, 3)
                        .update(new byte[] {6, 5})
                        .finish())
                .isEqualTo(whole);
    }

    @Test
    void finish_secondMessage_startsAnew() throws Exception {
        Hmac hmac = new Hmac(HashFunction.SHA_256, KEY, null);
        byte[] first = hmac.update(MESSAGE).finish(16);

        assertThat(hmac.update(MESSAGE).finish(16)).isEqualTo(first).hasSize(16);
        assertThat(hmac.update(MESSAGE).finishAndVerify(first, 16)).isTrue();
        assertThat(hmac.update(MESSAGE).update(new byte[1]).finishAndVerify(first, 16))
                .isFalse();
    }

    @Test
    void verify_anyFlippedBitOrOtherLength_false() throws Exception {
        byte[] tag = Hmac.tag(HashFunction.SHA_512, KEY, 32, null, MESSAGE);

        for (int bit = 0; bit < tag.length * 8; bit++) {
            byte[] flipped = tag.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(Hmac.verify(HashFunction.SHA_512, KEY, flipped, 32, null, MESSAGE))
                    .isFalse();
        }
        for (int length : new int[] {0, 1, 16, 31, 33}) {
            assertThat(Hmac.verify(HashFunction.SHA_512, KEY, Arrays.copyOf(tag, length), 32, null, MESSAGE))
                    .isFalse();
        }
        assertThat(Hmac.verify(HashFunction.SHA_512, KEY, tag, 32, null, MESSAGE))
                .isTrue();
    }

    @Test
    void tag_lengthOutside_refused() {
        for (int tagBytes : new int[] {-1, 0, 15, 33}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Hmac.tag(HashFunction.SHA_256, KEY, tagBytes, null, MESSAGE))
                    .withMessageContaining("16 to 32 bytes, not " + tagBytes);
        }
    }

    @Test
    void constructor_providerWithoutAlgorithm_saysSo() {
        assertThatThrownBy(() -> new Hmac(HashFunction.SHA_256, KEY, Security.getProvider("SUN")))
                .isInstanceOf(NoSuchAlgorithmException.class);
    }
}
