package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersions;
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Keys kept in moto's Secrets Manager and Parameter Store: what others made of these services agrees with us. */
@Timeout(60)
class MotoSecretsTest {
    @RegisterExtension
    static final KnownDeviations DEVIATIONS = new KnownDeviations(Map.of());

    private static Moto moto;

    private final String name = "app/" + UUID.randomUUID();

    @BeforeAll
    static void start() {
        moto = Moto.shared();
    }

    private static SecretBytes key(int fill) {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) fill);
        return SecretBytes.owning(bytes);
    }

    private static void readsWhatItWrote(SecretSource source) {
        assertThatThrownBy(source::fetch).isInstanceOf(KeyNotFoundException.class);
        try (SecretBytes one = key(1);
                SecretBytes two = key(2)) {
            source.write(one, "");
            assertThatThrownBy(() -> source.write(two, "")).isInstanceOf(StoreException.class);
            try (SecretVersions first = source.fetch()) {
                assertThat(first.current().secret().copy()).isEqualTo(one.copy());
                assertThat(first.previous()).isEmpty();
                source.write(two, first.revision());
                assertThatThrownBy(() -> source.write(one, first.revision())).isInstanceOf(StoreException.class);
            }
            try (SecretVersions second = source.fetch()) {
                assertThat(second.current().secret().copy()).isEqualTo(two.copy());
                assertThat(second.previous()).hasSize(1);
                assertThat(second.previous().get(0).secret().copy()).isEqualTo(one.copy());
                assertThat(second.next()).isEmpty();
            }
        }
    }

    private static void rotates(SecretSource source) {
        try (SecretBytes one = key(1)) {
            source.write(one, "");
        }
        try (KeyManager kms = KeyManager.builder().masterKey(source).build()) {
            byte[] before = kms.encrypt("before").toBytes();
            kms.masterKeys().rotate(source.uri());
            byte[] after = kms.encrypt("after").toBytes();
            assertThat(kms.decrypt(before).toText()).isEqualTo("before");
            assertThat(kms.decrypt(after).toText()).isEqualTo("after");
        }
    }

    @Test
    void secret_writtenTwice_isCurrentAndPrevious() {
        try (SecretSource source = AwsSecretsManager.secret(moto.options().build(), name)) {
            readsWhatItWrote(source);
        }
    }

    @Test
    void secret_rotated_opensOldAndNew() {
        rotates(AwsSecretsManager.secret(moto.options().build(), name));
    }

    @Test
    void parameter_writtenTwice_isCurrentAndPrevious() {
        try (SecretSource source = AwsParameterStore.parameter(moto.options().build(), name)) {
            readsWhatItWrote(source);
        }
    }

    @Test
    void parameter_rotated_opensOldAndNew() {
        rotates(AwsParameterStore.parameter(moto.options().build(), name));
    }
}
