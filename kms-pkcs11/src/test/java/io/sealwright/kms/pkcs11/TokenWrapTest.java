package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What stands in headers, byte by byte, and ids of versions. */
class TokenWrapTest {
    private static final byte[] ID = KeyId.make(2, new SecureRandom());

    @Test
    void recipient_ofADataKey_has77Bytes_andIsReadBack() {
        byte[] iv = new byte[12];
        byte[] ciphertext = new byte[48];
        Arrays.fill(iv, (byte) 7);
        Arrays.fill(ciphertext, (byte) 9);
        Recipient recipient =
                new TokenWrap(ID, iv, ciphertext).recipient("token=a;object=b".getBytes(StandardCharsets.US_ASCII));
        assertThat(recipient.kind()).isEqualTo(7);
        assertThat(recipient.wrap()).hasSize(77).startsWith(16);
        TokenWrap read = TokenWrap.read(recipient);
        assertThat(read.id()).isEqualTo(ID);
        assertThat(read.iv()).isEqualTo(iv);
        assertThat(read.ciphertext()).isEqualTo(ciphertext);
    }

    @Test
    void read_lengthsThatNoKeyHas_isNone() {
        for (int length = 1; length <= 400; length++) {
            byte[] wrap = new byte[length];
            wrap[0] = 16;
            int key = length - 1 - 16 - 12 - 16;
            assertThat(TokenWrap.read(new Recipient(7, new byte[1], wrap)) != null)
                    .as("%d bytes", length)
                    .isEqualTo(key >= 16 && key <= 64);
        }
        byte[] wrap = new byte[300];
        wrap[0] = (byte) 0xff;
        assertThat(TokenWrap.read(new Recipient(7, new byte[1], wrap)))
                .as("an id of 255 bytes")
                .isNotNull();
    }

    @Test
    void associatedData_isAsDocumented() {
        WrapBinding binding = new WrapBinding(Purpose.NAMED_KEY, EncryptionContext.empty());
        byte[] data = TokenWrap.associatedData(new byte[] {5}, binding);
        assertThat(HexFormat.of().formatHex(data, 0, 16))
                .isEqualTo(HexFormat.of().formatHex("sealwright/v1".getBytes(StandardCharsets.US_ASCII)) + "020105");
        assertThat(data).hasSize(13 + 1 + 1 + 1 + 64);
        Set<String> all = new HashSet<>();
        for (Purpose purpose : Purpose.values()) {
            for (byte[] id : new byte[][] {{}, {1}, {1, 2}, ID}) {
                for (EncryptionContext context :
                        new EncryptionContext[] {EncryptionContext.empty(), EncryptionContext.of("a", "bc")}) {
                    all.add(Arrays.toString(TokenWrap.associatedData(id, new WrapBinding(purpose, context))));
                }
            }
        }
        assertThat(all).hasSize(Purpose.values().length * 4 * 2);
    }

    @Test
    void keyId_ours_hasNumberAndRandomPart() {
        byte[] one = KeyId.make(1, new SecureRandom());
        assertThat(one).hasSize(16).startsWith('s', 'w', 'k', 'v', 0, 0, 0, 1);
        assertThat(KeyId.isOurs(one)).isTrue();
        assertThat(KeyId.number(one)).isEqualTo(1);
        assertThat(KeyId.shown(one)).matches("1-[0-9a-f]{16}");
        assertThat(KeyId.make(1, new SecureRandom())).isNotEqualTo(one);
    }

    @Test
    void keyId_othersAre_version1_andShownInHex() {
        for (byte[] id : new byte[][] {{}, {1}, new byte[16], "swkv".getBytes(StandardCharsets.US_ASCII)}) {
            assertThat(KeyId.isOurs(id)).isFalse();
            assertThat(KeyId.number(id)).isEqualTo(1);
        }
        assertThat(KeyId.shown(new byte[] {1, (byte) 0xab})).isEqualTo("01ab");
        assertThat(KeyId.shown(new byte[0])).isEqualTo("without id");
        byte[] negative = KeyId.make(1, new SecureRandom());
        negative[4] = (byte) 0x80;
        assertThat(KeyId.isOurs(negative)).isFalse();
    }

    @Test
    void keyId_byAge_newerIsLater_andTiesAreDecidedByTheBytes() {
        byte[] foreign = {(byte) 0xff};
        byte[] two = KeyId.make(2, new SecureRandom());
        byte[] otherTwo = two.clone();
        otherTwo[15] ^= 1;
        assertThat(KeyId.BY_AGE.compare(foreign, two)).isNegative();
        assertThat(KeyId.BY_AGE.compare(KeyId.make(300, new SecureRandom()), two))
                .isPositive();
        assertThat(KeyId.BY_AGE.compare(two, otherTwo)).isNotZero();
        assertThat(KeyId.BY_AGE.compare(two, otherTwo)).isEqualTo(-KeyId.BY_AGE.compare(otherTwo, two));
    }
}
