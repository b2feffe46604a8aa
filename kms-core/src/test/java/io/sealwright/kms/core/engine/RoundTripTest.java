package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.NamedKeyStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoundTripTest {
    private static final byte[] ROW = "row 17".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path home;

    private KeyManager kms;

    @BeforeEach
    void open() {
        kms = KeyManager.builder()
                .home(home)
                .embedded()
                .store(NamedKeyStore.inMemory())
                .build();
    }

    @AfterEach
    void close() {
        kms.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 64, 1024, 65535, 65536, 65537, 81920, 1_000_000})
    void decrypt_givesBackWhatWasEncrypted(int length) {
        byte[] plaintext = new byte[length];
        new Random(length).nextBytes(plaintext);
        for (Suite suite : new Suite[] {Suite.AES_256_GCM, Suite.XAES_256_GCM, Suite.CHUNKED_AES_256_GCM}) {
            byte[] sealed = kms.encrypt(plaintext)
                    .context("tenant", "acme")
                    .associatedData(ROW)
                    .suite(suite)
                    .toBytes();
            for (int i = 0; i < 4; i++) {
                assertThat(kms.decrypt(sealed)
                                .context("tenant", "acme")
                                .associatedData(ROW)
                                .toBytes())
                        .isEqualTo(plaintext);
            }
            assertThatThrownBy(() -> kms.decrypt(sealed)
                            .context("tenant", "other")
                            .associatedData(ROW)
                            .toBytes())
                    .isInstanceOf(AuthenticationFailedException.class);
            assertThatThrownBy(
                            () -> kms.decrypt(sealed).context("tenant", "acme").toBytes())
                    .isInstanceOf(AuthenticationFailedException.class);
        }
    }

    @Test
    void encrypt_sizes_areAsDocumented() {
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] plaintext = new byte[100];
        assertThat(kms.encrypt(plaintext).toBytes()).hasSize(241 + 100);
        assertThat(kms.encrypt(plaintext).key("orders").toBytes()).hasSize(241 + 100);
        byte[] direct = kms.encrypt(plaintext).key("orders").direct().toBytes();
        assertThat(direct).hasSize(123 + 100);
        assertThat(kms.decrypt(direct).toBytes()).isEqualTo(plaintext);
        assertThat(KeyManager.inspect(direct).form()).isEqualTo(MessageInfo.Form.DIRECT);
    }

    @Test
    void rewrap_afterRotation_renewsTheRecipientAndKeepsTheBody() {
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] sealed = kms.encrypt("hello").key("orders").context("a", "b").toBytes();
        assertThat(kms.needsRewrap(sealed)).isFalse();
        kms.key("orders").rotate();
        assertThat(kms.needsRewrap(sealed)).isTrue();
        byte[] rewrapped = kms.rewrap(sealed).toBytes();
        assertThat(kms.needsRewrap(rewrapped)).isFalse();
        assertThat(kms.decrypt(rewrapped).context("a", "b").toText()).isEqualTo("hello");
        assertThat(kms.decrypt(sealed).context("a", "b").toText()).isEqualTo("hello");
    }

    @Test
    void decrypt_compromisedKey_isRefusedUnlessAllowed() {
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] sealed = kms.encrypt("hello").key("orders").toBytes();
        assertThat(kms.decrypt(sealed).toText()).isEqualTo("hello");
        kms.key("orders").compromise();
        assertThatThrownBy(() -> kms.decrypt(sealed).toText()).isInstanceOf(RefusedException.class);
        assertThat(kms.decrypt(sealed).allowCompromised().toText()).isEqualTo("hello");
        assertThatThrownBy(() -> kms.encrypt("x").key("orders").toBytes()).isInstanceOf(RefusedException.class);
        kms.key("orders").rotate();
        byte[] anew = kms.rewrap(sealed)
                .associatedData(new byte[0])
                .allowCompromised()
                .toBytes();
        assertThat(kms.decrypt(anew).toText()).isEqualTo("hello");
    }

    @Test
    void decrypt_levelNone_isRefusedUnlessAllowed() {
        byte[] clear = kms.encrypt("hello").level(SecurityLevel.NONE).toBytes();
        assertThatThrownBy(() -> kms.decrypt(clear).toText()).isInstanceOf(RefusedException.class);
        assertThat(kms.decrypt(clear).allowUnencrypted().toText()).isEqualTo("hello");
    }
}
