package io.sealwright.kms.testkit.masterkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.forwarding.Forwarding;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ForwardingMasterKeyTest {
    private final Recipient recipient = new Recipient(240, new byte[1], new byte[1]);
    private final FaultyMasterKey real = new FaultyMasterKey("real");

    @TestFactory
    Stream<DynamicTest> everyMethod_isForwarded() {
        SecretBytes secret = SecretBytes.copyOf(new byte[32]);
        return Forwarding.ofEach(
                MasterKey.class,
                ForwardingMasterKey::new,
                recipient,
                secret,
                new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty()),
                new GeneratedKey(secret, recipient),
                MasterKeyMetadata.enabled("sample"));
    }

    @Test
    void subclass_overridesOne_theOthersStay() {
        MasterKey elsewhere = new ForwardingMasterKey(real) {
            @Override
            public String uri() {
                return "elsewhere://key";
            }
        };
        assertThat(elsewhere.uri()).isEqualTo("elsewhere://key");
        assertThat(elsewhere.rotate()).isEqualTo("2");
    }

    @Test
    void subclass_hasNothingBehind_everyCallFails() {
        MasterKey away = new ForwardingMasterKey(real) {
            @Override
            protected MasterKey behind() {
                throw new UnavailableException("Away.", "A test.", "Wait.");
            }
        };
        assertThatThrownBy(away::check).isInstanceOf(UnavailableException.class);
        assertThat(real.calls()).isZero();
    }
}
