package io.sealwright.kms.core.wrapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WrappingKeyTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));
    private static final byte[] ID = filled(16, 7);
    private static final byte[] KEY = filled(32, 9);

    private final WrappingKey key = new WrappingKey(ID, SecretBytes.copyOf(filled(32, 1)));

    @AfterEach
    void close() {
        key.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 17, 32, 63, 64})
    void unwrap_ofWrap_givesTheKey(int bytes) {
        byte[] wrapped = key.wrap(filled(bytes, 5), BINDING);
        assertThat(wrapped).hasSize(bytes + 40);
        try (SecretBytes opened = key.unwrap(wrapped, ID, BINDING)) {
            assertThat(opened.copy()).isEqualTo(filled(bytes, 5));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 15, 65})
    void wrap_keyTooShortOrLong_throwsIllegalArgument(int bytes) {
        assertThatThrownBy(() -> key.wrap(new byte[bytes], BINDING))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a key must have 16 to 64 bytes, not " + bytes);
    }

    @Test
    void wrap_secret_leavesItOpen() {
        SecretBytes secret = SecretBytes.copyOf(KEY);
        byte[] wrapped = key.wrap(secret, BINDING);
        assertThat(secret.copy()).isEqualTo(KEY);
        assertThat(wrapped).hasSize(72);
    }

    @Test
    void wrap_twice_givesDifferentNonces() {
        byte[] one = Arrays.copyOf(key.wrap(KEY, BINDING), 24);
        assertThat(Arrays.copyOf(key.wrap(KEY, BINDING), 24)).isNotEqualTo(one);
    }

    @Test
    void unwrap_everyBitFlipped_throwsAuthenticationFailed() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        for (int bit = 0; bit < wrapped.length * 8; bit++) {
            byte[] flipped = wrapped.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(flipped, ID, BINDING);
        }
    }

    @Test
    void unwrap_everyCutAndOneByteMore_throwsAuthenticationFailed() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        for (int length = 0; length < wrapped.length; length++) {
            assertRefused(Arrays.copyOf(wrapped, length), ID, BINDING);
        }
        assertRefused(Arrays.copyOf(wrapped, wrapped.length + 1), ID, BINDING);
        assertRefused(Arrays.copyOf(wrapped, 8192), ID, BINDING);
    }

    @Test
    void unwrap_otherContext_throwsAuthenticationFailed() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        assertRefused(wrapped, ID, new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "other")));
        assertRefused(wrapped, ID, new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty()));
    }

    @Test
    void unwrap_otherPurpose_throwsAuthenticationFailed() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        for (Purpose purpose : Purpose.values()) {
            if (purpose != Purpose.DATA_KEY) {
                assertRefused(wrapped, ID, new WrapBinding(purpose, BINDING.context()));
            }
        }
    }

    @Test
    void unwrap_otherVersionId_throwsAuthenticationFailed() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        assertRefused(wrapped, filled(16, 8), BINDING);
        assertRefused(wrapped, new byte[0], BINDING);
        assertRefused(wrapped, filled(17, 7), BINDING);
    }

    @Test
    void unwrap_sameKeyUnderAnotherId_takesTheIdOfTheHeader() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        try (WrappingKey renamed = new WrappingKey(filled(16, 8), SecretBytes.copyOf(filled(32, 1)));
                SecretBytes opened = renamed.unwrap(wrapped, ID, BINDING)) {
            assertThat(opened.copy()).isEqualTo(KEY);
        }
    }

    @Test
    void unwrap_otherKey_throwsAuthenticationFailed() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        try (WrappingKey other = new WrappingKey(ID, SecretBytes.copyOf(filled(32, 2)))) {
            assertThatThrownBy(() -> other.unwrap(wrapped, ID, BINDING))
                    .isInstanceOf(AuthenticationFailedException.class);
        }
    }

    @Test
    void ids_areCopies() {
        key.versionId()[0] = 99;
        key.recipientId()[0] = 99;
        key.check()[0]++;
        key.directRoot()[0]++;
        assertThat(key.versionId()).isEqualTo(ID);
        assertThat(key.recipientId()).startsWith(ID).endsWith(key.check()).hasSize(24);
        try (WrappingKey again = new WrappingKey(ID, SecretBytes.copyOf(filled(32, 1)))) {
            assertThat(again.check()).isEqualTo(key.check());
            assertThat(again.directRoot()).isEqualTo(key.directRoot());
        }
    }

    @Test
    void constructor_idOrMaterialOfWrongLength_throwsIllegalArgument() {
        SecretBytes material = SecretBytes.copyOf(filled(32, 1));
        assertThatThrownBy(() -> new WrappingKey(new byte[15], material))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a version id must have 16 bytes, not 15");
        assertThatThrownBy(() -> WrappingKey.bare(SecretBytes.copyOf(new byte[15])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a key must have 16 to 64 bytes, not 15");
    }

    @Test
    void constructor_leavesMaterialAndIdToTheCaller() {
        SecretBytes material = SecretBytes.copyOf(filled(32, 1));
        byte[] id = filled(16, 7);
        try (WrappingKey made = new WrappingKey(id, material)) {
            id[0] = 99;
            assertThat(made.versionId()).isEqualTo(ID);
            assertThat(material.copy()).isEqualTo(filled(32, 1));
        }
    }

    @Test
    void close_laterCalls_throwClosed() {
        byte[] wrapped = key.wrap(KEY, BINDING);
        key.close();
        key.close();
        assertThatThrownBy(() -> key.wrap(KEY, BINDING)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> key.unwrap(wrapped, ID, BINDING)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(key::directRoot).isInstanceOf(ClosedException.class);
        assertThat(key.versionId()).isEqualTo(ID);
    }

    @Test
    void toString_showsNothing() {
        assertThat(key).hasToString("WrappingKey[redacted]");
    }

    @Test
    void wrapAndUnwrap_byManyThreads_agree() throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        CyclicBarrier start = new CyclicBarrier(threads);
        try {
            List<Future<Integer>> done = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                byte[] mine = filled(32, t);
                done.add(pool.submit(() -> {
                    start.await();
                    int opened = 0;
                    for (int i = 0; i < 200; i++) {
                        try (SecretBytes secret = key.unwrap(key.wrap(mine, BINDING), ID, BINDING)) {
                            opened += Arrays.equals(secret.copy(), mine) ? 1 : 0;
                        }
                    }
                    return opened;
                }));
            }
            for (Future<Integer> each : done) {
                assertThat(each.get()).isEqualTo(200);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private void assertRefused(byte[] wrap, byte[] id, WrapBinding binding) {
        assertThatThrownBy(() -> key.unwrap(wrap, id, binding)).isInstanceOf(AuthenticationFailedException.class);
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
