package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several configured master keys recognise one recipient: the same key by two ways, or two keys of one name. */
class KeysForOneRecipientTest {
    @TempDir
    Path home;

    private final FaultyMasterKey first = new FaultyMasterKey("key");
    private final FaultyMasterKey second = first.twin();
    private byte[] sealed = new byte[0];

    @BeforeEach
    void seal() {
        try (KeyManager kms =
                KeyManager.builder().home(home).masterKey(first.twin()).build()) {
            sealed = kms.encrypt("hello").toBytes();
        }
    }

    private KeyManager both() {
        return KeyManager.builder()
                .home(home)
                .alsoOpenWith(first)
                .alsoOpenWith(new Elsewhere(second))
                .build();
    }

    @Test
    void decrypt_firstKeyGivesAnotherRoot_secondOpens() {
        first.lie(Lie.WRONG_KEY, Operation.UNWRAP);
        try (KeyManager kms = both()) {
            assertThat(kms.decrypt(sealed).toText()).isEqualTo("hello");
            assertThat(kms.decrypt(sealed).toText()).isEqualTo("hello");
        }
        assertThat(first.calls(Operation.UNWRAP)).isEqualTo(1);
        assertThat(second.calls(Operation.UNWRAP)).isEqualTo(1);
    }

    @Test
    void decrypt_firstKeyFails_secondOpens() {
        first.fail(Operation.UNWRAP, 9, KeysForOneRecipientTest::away);
        try (KeyManager kms = both()) {
            assertThat(kms.decrypt(sealed).toText()).isEqualTo("hello");
        }
    }

    @Test
    void decrypt_firstKeyOpens_secondIsNotAsked() {
        try (KeyManager kms = both()) {
            assertThat(kms.decrypt(sealed).toText()).isEqualTo("hello");
        }
        assertThat(second.calls(Operation.UNWRAP)).isZero();
    }

    @Test
    void decrypt_noneOpens_failsTwiceTheSame() {
        first.lie(Lie.WRONG_KEY, Operation.UNWRAP);
        second.lie(Lie.WRONG_KEY, Operation.UNWRAP);
        try (KeyManager kms = both()) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> kms.decrypt(sealed).toText())
                        .isInstanceOf(AuthenticationFailedException.class);
            }
        }
    }

    /** That key at another address. */
    private static final class Elsewhere extends ForwardingMasterKey {
        Elsewhere(MasterKey key) {
            super(key);
        }

        @Override
        public String uri() {
            return "elsewhere://key";
        }
    }

    private static UnavailableException away() {
        return new UnavailableException("Away.", "The test said so.", "Bring it back.");
    }
}
