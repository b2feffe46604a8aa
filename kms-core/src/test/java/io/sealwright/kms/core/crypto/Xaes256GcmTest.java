package io.sealwright.kms.core.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.AEADBadTagException;
import org.junit.jupiter.api.Test;

class Xaes256GcmTest {
    private static final byte[] KEY = new byte[32];
    private static final byte[] NONCE = new byte[24];
    private static final byte[] AAD = {1, 2, 3};

    @Test
    void wrap_dataKey_is72BytesAndOpens() throws Exception {
        byte[] dataKey = GcmCipherTest.bytes(new SplittableRandom(2), 32);
        byte[] wrapped = Xaes256Gcm.wrap(KEY, NONCE, dataKey, AAD, null);

        assertThat(wrapped).hasSize(72).startsWith(NONCE);
        assertThat(Xaes256Gcm.unwrap(KEY, wrapped, AAD, null)).isEqualTo(dataKey);
    }

    @Test
    void unwrap_anyFlippedBit_refused() throws Exception {
        try (Xaes256Gcm cipher = new Xaes256Gcm(KEY, null)) {
            byte[] wrapped = cipher.wrap(NONCE, new byte[32], AAD);
            for (int bit = 0; bit < wrapped.length * 8; bit++) {
                byte[] flipped = wrapped.clone();
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                assertThatExceptionOfType(AEADBadTagException.class).isThrownBy(() -> cipher.unwrap(flipped, AAD));
            }
            for (int length = 0; length < wrapped.length + 2; length++) {
                byte[] other = Arrays.copyOf(wrapped, length);
                if (length != wrapped.length) {
                    assertThatExceptionOfType(AEADBadTagException.class).isThrownBy(() -> cipher.unwrap(other, AAD));
                }
            }
            assertThatExceptionOfType(AEADBadTagException.class).isThrownBy(() -> cipher.unwrap(wrapped, new byte[0]));
            assertThat(cipher.unwrap(wrapped, AAD)).isEqualTo(new byte[32]);
        }
    }

    @Test
    void unwrap_otherKey_refused() throws Exception {
        byte[] wrapped = Xaes256Gcm.wrap(KEY, NONCE, new byte[32], AAD, null);
        for (int bit = 0; bit < 256; bit++) {
            byte[] other = KEY.clone();
            other[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatExceptionOfType(AEADBadTagException.class)
                    .isThrownBy(() -> Xaes256Gcm.unwrap(other, wrapped, AAD, null));
        }
    }

    @Test
    void seal_offsets_writesOnlyItsRange() throws Exception {
        try (Xaes256Gcm cipher = new Xaes256Gcm(KEY, null)) {
            byte[] in = {0, 0, 5, 6, 7, 0};
            byte[] out = new byte[25];
            Arrays.fill(out, (byte) 9);

            assertThat(cipher.seal(NONCE, in, 2, 3, AAD, out, 4)).isEqualTo(19);
            assertThat(out).startsWith(9, 9, 9, 9).endsWith(9, 9);
            // Another object: SunJCE refuses the nonce of the message just before.
            try (Xaes256Gcm other = new Xaes256Gcm(KEY, null)) {
                assertThat(Arrays.copyOfRange(out, 4, 23)).isEqualTo(other.seal(NONCE, new byte[] {5, 6, 7}, AAD));
            }
            byte[] opened = new byte[5];
            assertThat(cipher.open(NONCE, out, 4, 19, AAD, opened, 1)).isEqualTo(3);
            assertThat(opened).containsExactly(0, 5, 6, 7, 0);
        }
    }

    @Test
    void sealAndOpen_manyThreadsOneObject_agreeWithFreshObjects() throws Exception {
        int threads = 8;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try (Xaes256Gcm shared = new Xaes256Gcm(KEY, null)) {
            List<Future<Integer>> results = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                SplittableRandom random = new SplittableRandom(t);
                results.add(executor.submit(() -> {
                    int agreed = 0;
                    for (int i = 0; i < 400; i++) {
                        byte[] nonce = GcmCipherTest.bytes(random, 24);
                        byte[] message = GcmCipherTest.bytes(random, random.nextInt(100));
                        byte[] sealed = shared.seal(nonce, message, AAD);
                        try (Xaes256Gcm fresh = new Xaes256Gcm(KEY, null)) {
                            if (Arrays.equals(fresh.seal(nonce, message, AAD), sealed)
                                    && Arrays.equals(shared.open(nonce, sealed, AAD), message)) {
                                agreed++;
                            }
                        }
                    }
                    return agreed;
                }));
            }
            for (Future<Integer> result : results) {
                assertThat(result.get()).isEqualTo(400);
            }
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void anyUse_afterClose_refused() throws Exception {
        Xaes256Gcm cipher = new Xaes256Gcm(KEY, null);
        byte[] sealed = cipher.seal(NONCE, AAD, AAD);
        cipher.close();
        cipher.close();

        assertThatIllegalStateException().isThrownBy(() -> cipher.seal(NONCE, AAD, AAD));
        assertThatIllegalStateException().isThrownBy(() -> cipher.open(NONCE, sealed, AAD));
    }

    @Test
    void constructorAndSeal_wrongSizes_refused() throws Exception {
        for (int size : new int[] {0, 16, 31, 33}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Xaes256Gcm(new byte[size], null))
                    .withMessageContaining("not " + size);
        }
        try (Xaes256Gcm cipher = new Xaes256Gcm(KEY, null)) {
            for (int size : new int[] {0, 12, 23, 25}) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> cipher.seal(new byte[size], AAD, AAD))
                        .withMessageContaining("not " + size);
                assertThatIllegalArgumentException().isThrownBy(() -> cipher.open(new byte[size], new byte[16], AAD));
            }
        }
    }
}
