package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.RefusedException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NamedKeyMacTest {
    private static final byte[] DATA = "data".getBytes(StandardCharsets.UTF_8);

    private final Rig rig = new Rig();
    private final NamedKeyRing ring = rig.ring();

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    @ParameterizedTest
    @EnumSource(value = KeySpec.class, names = "HMAC.*", mode = EnumSource.Mode.MATCH_ANY)
    void mac_eachSpec_isVersionIdThenTagAndVerifiesElsewhere(KeySpec spec) {
        NamedKey key = ring.create("codes", spec);

        byte[] mac = key.mac(DATA);

        assertThat(mac).hasSize(16 + spec.materialBytes());
        assertThat(HexFormat.of().formatHex(mac, 0, 16))
                .isEqualTo(key.versions().get(0).id());
        assertThat(key.rawMac(DATA)).isEqualTo(Arrays.copyOfRange(mac, 16, mac.length));
        assertThat(rig.ring().get("codes").verifyMac(DATA, mac)).isTrue();
    }

    @Test
    void verifyMac_everyBitFlippedCutOrExtended_isFalse() {
        NamedKey key = ring.create("codes", KeySpec.HMAC_SHA256);
        byte[] mac = key.mac(DATA);

        for (int bit = 0; bit < mac.length * 8; bit++) {
            byte[] flipped = mac.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(key.verifyMac(DATA, flipped)).as("bit %d", bit).isFalse();
        }
        for (int length = 0; length < mac.length; length++) {
            assertThat(key.verifyMac(DATA, Arrays.copyOf(mac, length)))
                    .as("length %d", length)
                    .isFalse();
        }
        assertThat(key.verifyMac(DATA, Arrays.copyOf(mac, mac.length + 1))).isFalse();
        assertThat(key.verifyMac(new byte[4], mac)).isFalse();
    }

    @Test
    void verifyMac_afterRotation_findsTheOldVersion() {
        NamedKey key = ring.create("codes", KeySpec.HMAC_SHA384);
        byte[] old = key.mac(DATA);

        key.rotate();

        assertThat(key.mac(DATA)).isNotEqualTo(old);
        assertThat(key.verifyMac(DATA, old)).isTrue();
        assertThat(key.verifyMac(DATA, key.mac(DATA))).isTrue();
    }

    @Test
    void verifyMac_codeOfAnotherKey_isFalse() {
        byte[] other = ring.create("other", KeySpec.HMAC_SHA256).mac(DATA);
        NamedKey key = ring.create("codes", KeySpec.HMAC_SHA256);

        assertThat(key.verifyMac(DATA, other)).isFalse();
    }

    @Test
    void verifyMac_compromisedVersion_refused() {
        NamedKey key = ring.create("codes", KeySpec.HMAC_SHA256);
        byte[] mac = key.mac(DATA);
        key.compromise(1);

        assertThatThrownBy(() -> key.verifyMac(DATA, mac))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("compromised");
    }

    @Test
    void mac_deactivatedKey_refusedButVerifies() {
        NamedKey key = ring.create("codes", KeySpec.HMAC_SHA256);
        byte[] mac = key.mac(DATA);
        key.deactivate();

        assertThatThrownBy(() -> key.mac(DATA)).isInstanceOf(RefusedException.class);
        assertThat(key.verifyMac(DATA, mac)).isTrue();
    }

    @Test
    void mac_encryptionKey_refused() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        ring.sealing("orders");

        assertThatThrownBy(() -> key.mac(DATA))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("AES_256");
        assertThatThrownBy(() -> key.rawMac(DATA)).isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> key.verifyMac(DATA, new byte[48])).isInstanceOf(RefusedException.class);
    }
}
