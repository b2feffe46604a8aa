package io.sealwright.kms.core.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class HkdfTest {
    private static final byte[] KEY = new byte[64];

    @Test
    void extract_emptySalt_isHashLengthOfZeros() throws Exception {
        byte[] material = {1, 2, 3};

        assertThat(Hkdf.extract(new byte[0], material)).isEqualTo(Hkdf.extract(new byte[64], material));
    }

    @Test
    void expand_shorterLength_isPrefixOfLonger() throws Exception {
        byte[] all = Hkdf.expand(KEY, new byte[] {7}, 255 * 64);

        for (int length : new int[] {1, 63, 64, 65, 128, 255 * 64 - 1}) {
            assertThat(Hkdf.expand(KEY, new byte[] {7}, length)).isEqualTo(Arrays.copyOf(all, length));
        }
    }

    @Test
    void expand_lengthOutside_refused() {
        for (int length : new int[] {Integer.MIN_VALUE, -1, 0, 255 * 64 + 1, Integer.MAX_VALUE}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Hkdf.expand(KEY, new byte[0], length))
                    .withMessageContaining("not " + length);
        }
    }

    @Test
    void expand_emptyKey_refused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Hkdf.expand(new byte[0], new byte[0], 32));
    }
}
