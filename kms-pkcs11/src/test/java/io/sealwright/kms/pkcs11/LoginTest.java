package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tries of a PIN are counted by tokens, and the last one locks it: what SoftHSM and NSS, which never lock, cannot show. */
class LoginTest {
    private static final long LOGIN_REQUIRED = 0x4;
    private static final long PIN_PAD = 0x100;
    private static final long FINAL_TRY = 0x20000;
    private static final long LOCKED = 0x40000;

    private final CryptokiModule module = CryptokiModule.of(Path.of("/nowhere/" + UUID.randomUUID() + ".so"), null);
    private final List<String> tried = new ArrayList<>();
    private ReturnCode answer;

    /** A token that nobody is logged in to. */
    private final Cryptoki cryptoki = new Cryptoki() {
        @Override
        public boolean loggedIn(long session) {
            return false;
        }

        @Override
        public void login(long session, byte[] pin) throws CryptokiException {
            tried.add(pin == null ? "by the token's own means" : new String(pin));
            if (answer != null) {
                throw new CryptokiException("C_Login", answer.code());
            }
        }

        @Override
        public long[] slots() {
            throw new UnsupportedOperationException();
        }

        @Override
        public TokenFacts token(long slot) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long openSession(long slot, boolean write) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void closeSession(long session) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long[] find(long session, String label) {
            throw new UnsupportedOperationException();
        }

        @Override
        public KeyFacts facts(long session, long key) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long generate(long session, String label, byte[] id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public byte[] encrypt(long session, long key, byte[] iv, byte[] associatedData, byte[] plaintext) {
            throw new UnsupportedOperationException();
        }

        @Override
        public byte[] decrypt(long session, long key, byte[] iv, byte[] associatedData, byte[] ciphertext) {
            throw new UnsupportedOperationException();
        }
    };

    private static TokenFacts token(String serial, long flags) {
        return new TokenFacts("hsm", "vendor", "model", serial, LOGIN_REQUIRED | flags, 0);
    }

    private void login(TokenFacts token, String pin) throws CryptokiException {
        Pin given = pin == null ? Pin.none() : Pin.of(pin.toCharArray());
        module.login(cryptoki, 1, token, given, Deadline.after(Duration.ofSeconds(10)));
    }

    @Test
    void login_oneTryLeft_isNotSpent() {
        assertThatThrownBy(() -> login(token("1", FINAL_TRY), "right"))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("one more wrong PIN locks it");
        assertThat(tried).isEmpty();
    }

    @Test
    void login_lockedPin_isNotTried() {
        assertThatThrownBy(() -> login(token("1", LOCKED), "right"))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("PIN is locked");
        assertThat(tried).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = ReturnCode.class,
            names = {"CKR_PIN_INCORRECT", "CKR_PIN_INVALID", "CKR_PIN_LEN_RANGE"})
    void login_refusedPin_isTriedOnce_onThatTokenAlone(ReturnCode code) throws Exception {
        answer = code;
        assertThatThrownBy(() -> login(token("1", 0), "wrong"))
                .isInstanceOf(CryptokiException.class)
                .hasMessageContaining(code.name());
        assertThatThrownBy(() -> login(token("1", 0), "wrong"))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("has refused this PIN before, by " + code.name())
                .hasMessageContaining(ReturnCode.cause(code.code()))
                .hasMessageContaining("restart this process");
        assertThat(tried).containsExactly("wrong");
        answer = null;
        login(token("1", 0), "another");
        login(token("2", 0), "wrong");
        assertThat(tried).containsExactly("wrong", "another", "wrong");
    }

    @Test
    void login_otherFailures_mayBeTriedAgain() throws Exception {
        answer = ReturnCode.CKR_DEVICE_ERROR;
        assertThatThrownBy(() -> login(token("1", 0), "right")).isInstanceOf(CryptokiException.class);
        answer = ReturnCode.CKR_USER_ALREADY_LOGGED_IN;
        login(token("1", 0), "right");
        assertThat(tried).hasSize(2);
    }

    @Test
    void login_pinPad_asksAgainAfterAWrongOne() throws Exception {
        answer = ReturnCode.CKR_PIN_INCORRECT;
        assertThatThrownBy(() -> login(token("1", PIN_PAD), null)).isInstanceOf(CryptokiException.class);
        answer = null;
        login(token("1", PIN_PAD), null);
        assertThat(tried).containsExactly("by the token's own means", "by the token's own means");
    }

    @Test
    void login_withoutPin_isSaid() {
        assertThatThrownBy(() -> login(token("1", 0), null))
                .isInstanceOf(CryptokiException.class)
                .hasMessageContaining("CKR_USER_NOT_LOGGED_IN");
        assertThat(tried).isEmpty();
    }
}
