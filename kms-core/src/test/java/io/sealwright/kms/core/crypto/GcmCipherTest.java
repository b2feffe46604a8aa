package io.sealwright.kms.core.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.NoSuchAlgorithmException;
import java.security.Security;
import java.util.Arrays;
import java.util.SplittableRandom;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class GcmCipherTest {
    private static final byte[] KEY = new byte[32];
    private static final byte[] NONCE = new byte[12];
    private static final byte[] AAD = {1, 2, 3, 4, 5};

    @Test
    void seal_manyNoncesOneCipher_agreesWithFreshJceCipher() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        byte[] key = bytes(random, 32);
        GcmCipher sealer = new GcmCipher(key, null);
        GcmCipher opener = new GcmCipher(key, null);
        for (int i = 0; i < 300; i++) {
            byte[] nonce = ByteBuffer.allocate(12).putInt(7).putLong(i).array();
            byte[] message = bytes(random, random.nextInt(300));
            byte[] aad = bytes(random, i % 3 == 0 ? 0 : random.nextInt(40));
            byte[] sealed = new byte[message.length + 16];
            sealer.seal(nonce, message, 0, message.length, aad, 0, aad.length, sealed, 0);

            Cipher reference = Cipher.getInstance("AES/GCM/NoPadding");
            reference.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
            reference.updateAAD(aad);
            assertThat(sealed).isEqualTo(reference.doFinal(message));
            assertThat(open(opener, nonce, sealed, aad)).isEqualTo(message);
        }
    }

    @Test
    void open_anyFlippedBit_refusedAndOutputZero() throws Exception {
        GcmCipher cipher = new GcmCipher(KEY, null);
        byte[] message = {10, 20, 30, 40, 50, 60, 70};
        byte[] sealed = seal(cipher, NONCE, message, AAD);
        byte[] all = GcmCipherVectorTest.join(GcmCipherVectorTest.join(sealed, AAD), NONCE);
        for (int bit = 0; bit < all.length * 8; bit++) {
            byte[] flipped = all.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            byte[] out = new byte[message.length];
            Arrays.fill(out, (byte) 99);
            byte[] nonce = Arrays.copyOfRange(flipped, sealed.length + AAD.length, flipped.length);
            assertThatExceptionOfType(AEADBadTagException.class)
                    .isThrownBy(() ->
                            cipher.open(nonce, flipped, 0, sealed.length, flipped, sealed.length, AAD.length, out, 0));
            assertThat(out).containsOnly(0);
        }
        assertThat(open(cipher, NONCE, sealed, AAD)).isEqualTo(message);
    }

    @Test
    void open_anyCutOrExtension_refused() throws Exception {
        GcmCipher cipher = new GcmCipher(KEY, null);
        byte[] sealed = seal(cipher, NONCE, new byte[40], AAD);
        for (int length = 0; length < sealed.length + 20; length++) {
            byte[] other = Arrays.copyOf(sealed, length);
            if (length != sealed.length) {
                assertThatExceptionOfType(AEADBadTagException.class)
                        .isThrownBy(
                                () -> cipher.open(NONCE, other, 0, other.length, AAD, 0, AAD.length, new byte[64], 0));
            }
        }
    }

    @Test
    void open_failure_leavesBytesAroundTheRangeAlone() throws Exception {
        GcmCipher cipher = new GcmCipher(KEY, null);
        byte[] sealed = seal(cipher, NONCE, new byte[4], AAD);
        sealed[0] ^= 1;
        byte[] out = {9, 9, 9, 9, 9, 9};

        assertThatThrownBy(() -> cipher.open(NONCE, sealed, 0, sealed.length, AAD, 0, AAD.length, out, 1))
                .isInstanceOf(AEADBadTagException.class);
        assertThat(out).containsExactly(9, 0, 0, 0, 0, 9);
    }

    @Test
    void rekey_otherKey_separatesMessages() throws Exception {
        byte[] other = new byte[32];
        other[31] = 1;
        GcmCipher cipher = new GcmCipher(KEY, null);
        byte[] first = seal(cipher, NONCE, new byte[20], AAD);
        cipher.rekey(other);

        assertThat(seal(cipher, NONCE, new byte[20], AAD)).isNotEqualTo(first);
        assertThatThrownBy(() -> open(cipher, NONCE, first, AAD)).isInstanceOf(AEADBadTagException.class);
        cipher.rekey(KEY);
        assertThat(open(cipher, NONCE, first, AAD)).isEqualTo(new byte[20]);
    }

    @Test
    void rekey_callersArrayChangedAfter_hasNoEffect() throws Exception {
        byte[] key = new byte[32];
        GcmCipher cipher = new GcmCipher(key, null);
        Arrays.fill(key, (byte) 1);

        assertThat(seal(cipher, NONCE, AAD, AAD)).isEqualTo(seal(new GcmCipher(KEY, null), NONCE, AAD, AAD));
    }

    @Test
    void seal_withoutKey_refused() throws Exception {
        GcmCipher never = new GcmCipher(null);
        GcmCipher forgotten = new GcmCipher(KEY, null);
        forgotten.forgetKey();

        assertThatIllegalStateException().isThrownBy(() -> seal(never, NONCE, AAD, AAD));
        assertThatIllegalStateException().isThrownBy(() -> seal(forgotten, NONCE, AAD, AAD));
    }

    @Test
    void seal_wrongSizesAndRanges_refusedBeforeTheCipher() throws Exception {
        GcmCipher cipher = new GcmCipher(KEY, null);
        byte[] out = new byte[20];

        assertThatIllegalArgumentException().isThrownBy(() -> cipher.rekey(new byte[16]));
        for (int nonceBytes : new int[] {0, 11, 13, 24}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> seal(cipher, new byte[nonceBytes], AAD, AAD))
                    .withMessageContaining("not " + nonceBytes);
        }
        assertThatThrownBy(() -> cipher.seal(NONCE, AAD, 0, 5, AAD, 0, 5, out, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> cipher.seal(NONCE, AAD, 3, 3, AAD, 0, 5, out, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> cipher.seal(NONCE, AAD, 0, 4, AAD, 1, 5, out, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> cipher.open(NONCE, out, 0, 20, AAD, 0, 5, new byte[3], 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(out).containsOnly(0);
    }

    @Test
    void constructor_providerWithoutAlgorithm_saysSo() {
        assertThatThrownBy(() -> new GcmCipher(KEY, Security.getProvider("SUN")))
                .isInstanceOf(NoSuchAlgorithmException.class);
    }

    @Test
    void rawKey_printedOrWritten_givesNothingAway() throws Exception {
        RawKey key = new RawKey("AES", new byte[] {0x5a, 0x5a});

        assertThat(key.toString()).isEqualTo("RawKey[AES, redacted]");
        assertThatThrownBy(() -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(key))
                .isInstanceOf(NotSerializableException.class);
        key.destroy();
        assertThat(key.isDestroyed()).isTrue();
        assertThatIllegalStateException().isThrownBy(key::getEncoded);
    }

    private static byte[] seal(GcmCipher cipher, byte[] nonce, byte[] message, byte[] aad)
            throws GeneralSecurityException {
        byte[] sealed = new byte[message.length + 16];
        cipher.seal(nonce, message, 0, message.length, aad, 0, aad.length, sealed, 0);
        return sealed;
    }

    private static byte[] open(GcmCipher cipher, byte[] nonce, byte[] sealed, byte[] aad)
            throws GeneralSecurityException {
        byte[] message = new byte[sealed.length - 16];
        cipher.open(nonce, sealed, 0, sealed.length, aad, 0, aad.length, message, 0);
        return message;
    }

    static byte[] bytes(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
