package io.sealwright.kms.core.opening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sealwright.kms.SecretBytes;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class CiphersTest {
    private final Ciphers ciphers = new Ciphers(null);
    private final SecretBytes key = SecretBytes.copyOf(new byte[32]);

    private Ciphers.Borrowed borrowed(Ciphers.Own own) {
        return Objects.requireNonNull(ciphers.borrow(own, key));
    }

    @Test
    void borrow_keyWipedMeanwhile_leavesThePoolAsItWas() {
        Ciphers.Borrowed first = Objects.requireNonNull(ciphers.borrow(null, key));
        ciphers.giveBack(null, first);
        SecretBytes wiped = SecretBytes.copyOf(new byte[32]);
        wiped.close();

        assertThat(ciphers.borrow(null, wiped)).isNull();

        assertThat(ciphers.borrow(null, key)).isSameAs(first);
    }

    @Test
    void release_idleCiphersOfTheHeader_forgetTheirKey() {
        Ciphers.Own own = ciphers.own();
        ciphers.giveBack(own, borrowed(own));
        Ciphers.Borrowed kept = borrowed(own);
        ciphers.giveBack(own, kept);
        assertThat(borrowed(own)).isSameAs(kept);
        ciphers.giveBack(own, kept);

        ciphers.release(own);

        byte[] none = new byte[0];
        assertThatIllegalStateException()
                .isThrownBy(() -> kept.gcm.seal(new byte[12], none, 0, 0, none, 0, 0, new byte[16], 0));
    }
}
