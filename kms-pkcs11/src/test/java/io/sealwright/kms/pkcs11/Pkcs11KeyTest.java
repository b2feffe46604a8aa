package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.pkcs11.TestToken.Fault;
import io.sealwright.kms.pkcs11.TestToken.Word;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the contract leaves open, on both real tokens: attributes, versions, and what else happens in the process. */
@ParameterizedClass
@EnumSource(Pkcs11KeyTest.Which.class)
@Timeout(60)
class Pkcs11KeyTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    /** The tokens. */
    enum Which {
        SOFTHSM,
        NSS
    }

    private final Which which;
    private final TestToken token;
    private final String name = "key-" + UUID.randomUUID();
    private final List<MasterKey> opened = new ArrayList<>();

    Pkcs11KeyTest(Which which) {
        this.which = which;
        this.token = which == Which.NSS ? TestToken.nss() : TestToken.softHsm();
    }

    @AfterEach
    void end() throws Exception {
        token.fault(Fault.NONE);
        opened.forEach(MasterKey::close);
        token.officer().destroy(name);
    }

    private Pkcs11Options options() {
        return token.options().pin(TestToken.PIN.toCharArray()).build();
    }

    private MasterKey open(String more) {
        MasterKey key = Pkcs11Keys.masterKey(options(), token.uri(name) + more);
        opened.add(key);
        return key;
    }

    private MasterKey create() {
        MasterKey key = Pkcs11Keys.create(options(), token.uri(name));
        opened.add(key);
        return key;
    }

    private static Recipient wrap(MasterKey key) {
        try (SecretBytes secret = SecretBytes.owning(new byte[32])) {
            return key.wrap(secret, BINDING);
        }
    }

    private static void opens(MasterKey key, Recipient recipient) {
        try (SecretBytes secret = key.unwrap(recipient, BINDING)) {
            assertThat(secret.copy()).isEqualTo(new byte[32]);
        }
    }

    private static Recipient tampered(Recipient recipient) {
        byte[] wrap = recipient.wrap();
        wrap[wrap.length - 1] ^= 1;
        return new Recipient(recipient.kind(), recipient.id(), wrap);
    }

    // ---- keys as they are made and as they are found

    @Test
    void create_makesAKeyThatStaysOnTheToken_once() throws Exception {
        MasterKey key = create();
        opens(key, wrap(key));
        assertThat(key.check())
                .startsWith(token.uri(name) + ": AES-256, version 1-")
                .contains("newest of 1")
                .doesNotContain("WARNING");
        assertThat(token.officer().ids(name))
                .singleElement()
                .satisfies(id -> assertThat(KeyId.isOurs(id)).isTrue());
        assertThatThrownBy(this::create)
                .isInstanceOf(KeyExistsException.class)
                .hasMessageContaining("has secret keys of that label");
        opens(open(""), wrap(key));
    }

    @Test
    void create_withAnIdInTheUri_isRefusedAndMakesNothing() throws Exception {
        assertThatThrownBy(() -> Pkcs11Keys.create(options(), token.uri(name) + ";id=%01"))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("Leave ';id=' out");
        assertThat(token.officer().ids(name)).isEmpty();
    }

    @Test
    void extractableKey_isRefused() throws Exception {
        token.officer().make(name, new byte[] {1}, Map.of(Officer.CKA_EXTRACTABLE, true));
        MasterKey key = open("");
        assertThatThrownBy(() -> wrap(key))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("CKA_EXTRACTABLE is true");
        assertThatThrownBy(key::check).isInstanceOf(ConfigurationException.class);
    }

    @Test
    void readableKey_isRefused() throws Exception {
        token.officer().make(name, new byte[] {1}, Map.of(Officer.CKA_SENSITIVE, false));
        assertThatThrownBy(() -> wrap(open("")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("CKA_SENSITIVE is false");
    }

    /** Whoever reaches the token could use it, without a PIN. */
    @Test
    void publicKey_isRefused_andRotationLeadsOut() throws Exception {
        token.officer().make(name, new byte[] {1}, Map.of(Officer.CKA_PRIVATE, false));
        MasterKey key = open("");
        assertThatThrownBy(() -> wrap(key))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("CKA_PRIVATE is false")
                .hasMessageContaining("Rotate it");
        assertThatThrownBy(key::check).isInstanceOf(ConfigurationException.class);
        String version = key.rotate();
        assertThat(key.versionOf(wrap(key))).isEqualTo(version);
    }

    /** Its length would not fit the one byte that it has in a wrap, which would then never open. */
    @Test
    void idOfMoreThan255Bytes_isRefused() throws Exception {
        byte[] longest = new byte[255];
        byte[] tooLong = new byte[256];
        Arrays.fill(longest, (byte) 7);
        Arrays.fill(tooLong, (byte) 7);
        token.officer().make(name, longest, Map.of());
        MasterKey key = open("");
        opens(key, wrap(key));
        token.officer().destroy(name);
        token.officer().make(name, tooLong, Map.of());
        assertThatThrownBy(() -> wrap(open("")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("CKA_ID has 256 bytes");
    }

    @Test
    void shortKey_isRefused() throws Exception {
        token.officer().make(name, new byte[] {1}, Map.of(0x161L, 16L));
        assertThatThrownBy(() -> wrap(open("")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("It has 128 bits");
    }

    @Test
    void importedKey_worksAndIsWarnedOf() throws Exception {
        token.officer().bring(name, new byte[] {1}, new byte[32], Map.of());
        MasterKey key = open("");
        opens(key, wrap(key));
        assertThat(key.check()).contains("WARNING: it was imported");
    }

    @Test
    void severalForeignKeysOfOneLabel_areRefused_andEachWorksByItsId() throws Exception {
        token.officer().make(name, new byte[] {1, 1, 1, 1}, Map.of());
        token.officer().make(name, new byte[] {2, 2, 2, 2}, Map.of());
        assertThatThrownBy(() -> wrap(open("")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("2 secret keys have that label")
                .hasMessageContaining(";id=");
        MasterKey one = open(";id=%01%01%01%01");
        MasterKey two = open(";id=%02%02%02%02");
        opens(one, wrap(one));
        assertThatThrownBy(() -> two.unwrap(wrap(one), BINDING)).isInstanceOf(AuthenticationFailedException.class);
        assertThatThrownBy(one::rotate)
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("pins one version")
                .extracting("code")
                .isEqualTo(ErrorCode.KMS_OPERATION_REFUSED);
    }

    @Test
    void foreignKey_rotated_getsAVersion2_andGoesOnOpening() throws Exception {
        token.officer().make(name, new byte[] {7, 7, 7, 7}, Map.of());
        MasterKey key = open("");
        Recipient before = wrap(key);
        assertThat(key.versionOf(before)).isEqualTo("07070707");
        String version = key.rotate();
        assertThat(version).startsWith("2-");
        Recipient after = wrap(key);
        assertThat(key.versionOf(after)).isEqualTo(version);
        assertThat(key.isOutdated(before)).isTrue();
        opens(key, before);
        opens(key, after);
        MasterKey pinned = open(";id=%07%07%07%07");
        opens(pinned, before);
        assertThatThrownBy(() -> pinned.unwrap(after, BINDING)).isInstanceOf(AuthenticationFailedException.class);
        assertThat(key.check()).contains("newest of 2");
    }

    @Test
    void metadata_tellsVersionSpecAndUse_alsoOfARetiredKey() throws Exception {
        MasterKey key = create();
        String version = key.rotate();
        assertThat(key.metadata())
                .isEqualTo(new MasterKeyMetadata(
                        key.uri(), version, null, null, null, true, "ENCRYPT_DECRYPT", "AES-256"));
        token.officer().set(name, Officer.CKA_ENCRYPT, false);
        assertThat(key.metadata().enabled()).isFalse();
        assertThat(key.metadata().usage()).isEqualTo("DECRYPT");
        token.officer().destroy(name);
        assertThatThrownBy(key::metadata).isInstanceOf(KeyNotFoundException.class);
    }

    // ---- versions that go

    @Test
    void retiredKey_wrapsNothing_andOpensOn() throws Exception {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.officer().set(name, Officer.CKA_ENCRYPT, false);
        assertThatThrownBy(() -> wrap(key))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("CKA_ENCRYPT is false")
                .extracting("code")
                .isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED);
        opens(key, before);
        assertThatThrownBy(() -> key.unwrap(tampered(before), BINDING))
                .isInstanceOf(AuthenticationFailedException.class);
        assertThatThrownBy(key::check).isInstanceOf(RefusedException.class);
        token.officer().set(name, Officer.CKA_ENCRYPT, true);
        opens(key, wrap(key));
        token.officer().set(name, Officer.CKA_ENCRYPT, false);
        MasterKey fresh = open("");
        opens(fresh, before);
        assertThatThrownBy(() -> fresh.unwrap(tampered(before), BINDING))
                .isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void destroyedVersion_isADefiniteNo_forThatVersionAlone() throws Exception {
        MasterKey key = create();
        Recipient before = wrap(key);
        String version = key.rotate();
        Recipient after = wrap(key);
        token.officer()
                .destroy(
                        name,
                        token.officer().ids(name).stream()
                                .filter(id -> !KeyId.shown(id).equals(version))
                                .toArray(byte[][]::new));
        assertThatThrownBy(() -> key.unwrap(before, BINDING))
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("was deleted");
        opens(key, after);
        // Who never saw it cannot tell it from a foreign or changed wrap.
        assertThatThrownBy(() -> open("").unwrap(before, BINDING)).isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void newVersionOfAnotherProcess_opensAtOnce() {
        MasterKey key = create();
        Recipient before = wrap(key);
        MasterKey other = open("");
        opens(other, before);
        String unused = key.rotate();
        opens(other, wrap(key));
    }

    @Test
    void keyThatIsHidden_butKnownByItsHandle_isNoAnswer() throws Exception {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.fault(Fault.KEYS_HIDDEN);
        assertThatThrownBy(key::refresh)
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("contradicts itself");
        token.fault(Fault.NONE);
        opens(key, before);
    }

    // ---- what others do in the same process

    @Test
    void logout_ofAnotherPartOfTheProcess_isRepaired() throws Exception {
        MasterKey key = create();
        Recipient before = wrap(key);
        for (int i = 0; i < 3; i++) {
            token.officer().logOut();
            opens(key, before);
            token.officer().logOut();
            opens(key, wrap(key));
        }
    }

    /** Who is logged out still finds the public one, without an error: no word on the private version beside it. */
    @Test
    void logout_whileAnOldVersionIsPublic_takesNoVersionAway() throws Exception {
        token.officer().make(name, new byte[] {1}, Map.of(Officer.CKA_PRIVATE, false));
        MasterKey key = open("");
        MasterKey other = open("");
        boolean looked = other.refresh();
        String version = key.rotate();
        Recipient newest = wrap(key);
        opens(key, newest);
        token.officer().logOut();
        assertThat(key.refresh()).as("whether anything changed").isFalse();
        token.officer().logOut();
        opens(key, newest);
        assertThat(key.versionOf(wrap(key))).isEqualTo(version);
        token.officer().logOut();
        opens(other, newest); // which it never saw
        assertThat(looked).isTrue();
    }

    /** A search that leaves one version out is believed no more than one that finds none. */
    @Test
    void versionThatIsHidden_butKnownByItsHandle_isNoAnswer() throws Exception {
        MasterKey key = create();
        Recipient before = wrap(key);
        String unused = key.rotate();
        Recipient after = wrap(key);
        token.fault(Fault.ONE_HIDDEN);
        assertThatThrownBy(key::refresh)
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("contradicts itself");
        token.fault(Fault.NONE);
        opens(key, before);
        opens(key, after);
    }

    @Test
    void sessionsClosed_byAnotherPartOfTheProcess_areRepaired() throws Exception {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.officer().closeAllSessions();
        opens(key, before);
        token.fault(Fault.LOSE_ONCE);
        opens(key, wrap(key));
    }

    @Test
    void libraryFinalised_byAnotherPartOfTheProcess_isStartedAgain() throws Exception {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.officer().finish();
        opens(key, before);
        opens(key, wrap(key));
    }

    @Test
    void tokenPulledOut_isNoAnswer_andWorksByItselfWhenItIsBack() {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.fault(Fault.GONE);
        assertThatThrownBy(() -> wrap(key))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("is not there");
        assertThatThrownBy(() -> key.unwrap(before, BINDING)).isInstanceOf(UnavailableException.class);
        token.fault(Fault.NONE);
        opens(key, before);
        opens(key, wrap(key));
    }

    @Test
    void readyModule_ofTheProgram_isUsed() throws Exception {
        MasterKey made = create();
        Recipient before = wrap(made);
        Pkcs11Options ready = Pkcs11Options.builder()
                .module(token.officer().module())
                .pin(TestToken.PIN.toCharArray())
                .build();
        try (MasterKey key = Pkcs11Keys.masterKey(ready, token.uri(name))) {
            opens(key, before);
            opens(made, wrap(key));
        }
    }

    @Test
    void library_asAnApplicationReachesIt_works() {
        MasterKey made = create();
        Recipient before = wrap(made);
        Pkcs11Options direct =
                token.direct().pin(TestToken.PIN.toCharArray()).sessions(1).build();
        try (MasterKey key = Pkcs11Keys.masterKey(direct, token.uri(name))) {
            opens(key, before);
            opens(made, wrap(key));
        }
        opens(made, before);
    }

    @Test
    void closingOneKey_leavesAnotherOfTheTokenLoggedIn() {
        MasterKey one = create();
        Recipient before = wrap(one);
        MasterKey other = open("");
        opens(other, before);
        int logins = token.count(Word.LOGINS);
        other.close();
        opens(one, before);
        assertThat(token.count(Word.LOGINS)).isEqualTo(logins);
    }

    // ---- answers

    @ParameterizedTest
    @EnumSource(
            value = ReturnCode.class,
            names = {
                "CKR_GENERAL_ERROR",
                "CKR_FUNCTION_FAILED",
                "CKR_DEVICE_ERROR",
                "CKR_DEVICE_MEMORY",
                "CKR_HOST_MEMORY",
                "CKR_SESSION_COUNT",
                "CKR_PIN_EXPIRED",
                "CKR_MECHANISM_INVALID",
                "CKR_USER_NOT_LOGGED_IN",
                "CKR_SESSION_HANDLE_INVALID",
                "CKR_TOKEN_NOT_PRESENT"
            })
    void returnCode_isNamedWithItsCause_andIsNoAnswer(ReturnCode code) {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.returning(code);
        for (Runnable call : List.<Runnable>of(() -> wrap(key), () -> key.unwrap(before, BINDING), key::check)) {
            assertThatThrownBy(call::run)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining(code.name())
                    .hasMessageContaining(ReturnCode.cause(code.code()))
                    .hasMessageContaining(ReturnCode.remedy(code.code()));
        }
        token.fault(Fault.NONE);
        opens(key, before);
    }

    /** What decrypting says of the wrap, without a doubt. */
    @ParameterizedTest
    @EnumSource(
            value = ReturnCode.class,
            names = {"CKR_ENCRYPTED_DATA_INVALID", "CKR_ENCRYPTED_DATA_LEN_RANGE", "CKR_AEAD_DECRYPT_FAILED"})
    void returnCodeOfDecrypting_thatBlamesTheWrap_isAuthentication(ReturnCode code) {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.returning(Fault.DECRYPT_RETURNS, code);
        assertThatThrownBy(() -> key.unwrap(before, BINDING)).isInstanceOf(AuthenticationFailedException.class);
    }

    /** What it says of anything: then a sample must open, or nobody can tell whose fault it is. */
    @ParameterizedTest
    @EnumSource(
            value = ReturnCode.class,
            names = {"CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED", "CKR_DEVICE_ERROR", "CKR_ARGUMENTS_BAD"})
    void returnCodeOfDecrypting_thatBlamesNobody_isNoAnswer_whileNoSampleOpens(ReturnCode code) {
        MasterKey key = create();
        Recipient before = wrap(key);
        token.returning(Fault.DECRYPT_RETURNS, code);
        assertThatThrownBy(() -> key.unwrap(before, BINDING))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("C_Decrypt returned " + code.name());
        token.fault(Fault.NONE);
        assertThatThrownBy(() -> key.unwrap(tampered(before), BINDING))
                .isInstanceOf(AuthenticationFailedException.class);
    }

    @ParameterizedTest
    @EnumSource(
            value = ReturnCode.class,
            names = {"CKR_ACTION_PROHIBITED", "CKR_FUNCTION_REJECTED"})
    void returnCode_ofAPolicy_isADefiniteNo(ReturnCode code) {
        MasterKey key = create();
        token.returning(code);
        assertThatThrownBy(() -> wrap(key))
                .isInstanceOf(PermissionDeniedException.class)
                .hasMessageContaining(code.name());
    }

    @Test
    void tokenOfAnotherLabelOrSerial_isNotThere_andThoseThatAreAreListed() {
        for (String uri : List.of("pkcs11:token=nowhere;object=x", token.uri(name) + ";serial=does-not-exist")) {
            try (MasterKey key = Pkcs11Keys.masterKey(options(), uri)) {
                assertThatThrownBy(key::check)
                        .isInstanceOf(UnavailableException.class)
                        .hasMessageContaining("is not there")
                        .hasMessageContaining(which == Which.NSS ? TestToken.NSS_LABEL : "contract");
            }
        }
    }

    @Test
    void wrongPin_isTriedOnce_andNeverShown() {
        MasterKey works = create();
        Recipient before = wrap(works);
        works.close();
        String wrong = "wrong-" + UUID.randomUUID();
        Pkcs11Options options = token.options().pin(wrong.toCharArray()).build();
        int logins = token.count(Word.LOGINS);
        try (MasterKey key = Pkcs11Keys.masterKey(options, token.uri(name));
                MasterKey another = Pkcs11Keys.masterKey(options, token.uri(name))) {
            assertThatThrownBy(key::check)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("CKR_PIN_INCORRECT (0xA0)")
                    .hasMessageContaining("The PIN is wrong")
                    .hasMessageNotContaining(wrong);
            for (MasterKey one : List.of(key, another)) {
                for (int i = 0; i < 3; i++) {
                    assertThatThrownBy(() -> one.unwrap(before, BINDING))
                            .isInstanceOf(UnavailableException.class)
                            .hasMessageContaining("has refused this PIN before")
                            .hasMessageNotContaining(wrong);
                }
            }
        }
        assertThat(token.count(Word.LOGINS) - logins).as("tries").isEqualTo(1);
        opens(open(""), before);
    }

    @Test
    void noPin_isSaid() {
        MasterKey works = create();
        works.close();
        try (MasterKey key = Pkcs11Keys.masterKey(token.options().build(), token.uri(name))) {
            assertThatThrownBy(key::check)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("CKR_USER_NOT_LOGGED_IN")
                    .hasMessageContaining("KMS_PKCS11_PIN_FILE");
        }
    }

    @Test
    void noPin_whileAnotherPartOfTheProcessIsLoggedIn_works() {
        MasterKey works = create();
        Recipient before = wrap(works);
        try (MasterKey key = Pkcs11Keys.masterKey(token.options().build(), token.uri(name))) {
            opens(key, before);
        }
    }
}
