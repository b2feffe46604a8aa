package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.ConfigurationException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 7512 URIs, read strictly: what is not known is refused, and what must not be in a URI is refused by name. */
class Pkcs11UriTest {
    private static final TokenFacts TOKEN =
            new TokenFacts("The Software PKCS#11 Softtoken", "Snake Oil, Inc.", "1.0", "3c0a", 0, 0);

    private static String family(String rest) {
        return new String(Pkcs11Uri.parse(rest).family(), StandardCharsets.US_ASCII);
    }

    /** RFC 7512, section 3, as far as its examples name a token and an object. */
    @Test
    void parse_examplesOfTheRfc_areRead() {
        Pkcs11Uri uri = Pkcs11Uri.parse(
                "token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;"
                        + "object=my-certificate;type=secret-key;id=%69%95%3E%5C%F4%BD%EC%91;serial=3c0a");
        assertThat(uri.token()).isEqualTo("The Software PKCS#11 Softtoken");
        assertThat(uri.object()).isEqualTo("my-certificate");
        assertThat(uri.id()).containsExactly(0x69, 0x95, 0x3e, 0x5c, 0xf4, 0xbd, 0xec, 0x91);
        assertThat(uri.matches(TOKEN)).isTrue();
        assertThat(uri)
                .hasToString("pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;object=my-certificate;"
                        + "id=%69%95%3E%5C%F4%BD%EC%91;serial=3c0a;model=1.0;manufacturer=Snake%20Oil%2C%20Inc.");
        assertThat(Pkcs11Uri.parse("token=A%20name%20with%20a%20substring%20%25%3B;object=my-certificate")
                        .token())
                .isEqualTo("A name with a substring %;");
        assertThat(Pkcs11Uri.parse("token=x;object=Name%20with%20a%20small%20A%20with%20acute:%20%C3%A1")
                        .object())
                .isEqualTo("Name with a small A with acute: á");
    }

    @Test
    void family_spellingsOfOneKey_areOne() {
        String one = family("token=hsm;object=app");
        assertThat(one).isEqualTo("token=hsm;object=app");
        assertThat(family("object=app;token=hsm")).isEqualTo(one);
        assertThat(family("object=%61pp;token=%68%73%6D;serial=1")).isEqualTo(one);
        assertThat(family("token=hsm;object=app;id=%01"))
                .as("a version's wraps open with the whole key")
                .isEqualTo(one);
        assertThat(family("token=a%3Bobject=b;object=c")).isEqualTo("token=a%3Bobject%3Db;object=c");
        assertThat(family("token=A;object=app")).isNotEqualTo(family("token=a;object=app"));
    }

    @Test
    void parse_allThatTheRfcLetsStandPlain_isTaken() {
        assertThat(Pkcs11Uri.parse("token=-._~:[]@!$'()*+,=&;object=x").token()).isEqualTo("-._~:[]@!$'()*+,=&");
    }

    @ParameterizedTest
    @CsvSource({
        "token=other;object=app, false",
        "token=The%20Software%20PKCS%2311%20Softtoken;object=app, true",
        "token=The%20Software%20PKCS%2311%20Softtoken;object=app;serial=3c0b, false",
        "token=The%20Software%20PKCS%2311%20Softtoken;object=app;model=1.1, false",
        "token=The%20Software%20PKCS%2311%20Softtoken;object=app;manufacturer=Snake, false"
    })
    void matches_eachAttributeThatIsGiven_counts(String rest, boolean expected) {
        assertThat(Pkcs11Uri.parse(rest).matches(TOKEN)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "token=hsm;object=app?pin-value=hunter2",
                "token=hsm;object=app?pin-source=file:/hunter2",
                "token=hsm;object=app?x=1&pin-value=hunter2",
                "token=hsm;object=app;pin-value=hunter2",
                "?pin-value=hunter2",
                "token=hsm;hunter2",
                "hunter2",
                "token=hsm;object=app?hunter2"
            })
    void parse_pin_isRefusedAndNotShown(String rest) {
        assertThatThrownBy(() -> Pkcs11Uri.parse(rest))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageNotContaining("hunter2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "?module-path=/tmp/evil.so",
                "token=hsm;object=app?module-path=/tmp/evil.so",
                "token=hsm;object=app?module-name=evil",
                "token=hsm;object=app;module-path=/tmp/evil.so",
                "token=hsm;object=app?pin-source=%7Crm&module-name=evil"
            })
    void parse_module_isRefused(String rest) {
        assertThatThrownBy(() -> Pkcs11Uri.parse(rest))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("cannot be used")
                .hasMessageContaining(rest.contains("pin-source") ? "PIN would end" : "must not choose the code");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "token=hsm | no 'object'",
                "object=app | no 'token'",
                "token=hsm;object= | 'object' is empty",
                "token=;object=app | 'token' is empty",
                "token=hsm;object=app; | no NAME=VALUE",
                ";token=hsm;object=app | no NAME=VALUE",
                "token=hsm;;object=app | no NAME=VALUE",
                "token=hsm;object=app;object=app | stands twice",
                "token=hsm;object=app;Object=app | not known here: 'Object'",
                "token=hsm;object=app;x-pool=3 | not known here: 'x-pool'",
                "token=hsm;object=app;slot-id=0 | names a slot",
                "token=hsm;object=app;library-version=3 | names a library",
                "token=hsm;object=app;type=private | not 'secret-key'",
                "token=hsm;object=ap p | must be percent-encoded",
                "token=hsm;object=ap/p | must be percent-encoded",
                "token=hsm;object=äpp | must be percent-encoded",
                "token=hsm;object=app% | not followed by two hex digits",
                "token=hsm;object=app%4 | not followed by two hex digits",
                "token=hsm;object=%zz | not followed by two hex digits",
                "token=hsm;object=%C3%28 | not UTF-8",
                "token=hsm;object=%00 | control character",
                "token=hsm;object=a%0Ab | control character",
                "token=hsm;object=app? | has a query",
                "token=hsm;object=app?vendor=1 | has a query",
                "token=abcdefghijklmnopqrstuvwxyz0123456;object=app | longer than any token allows"
            })
    void parse_whatIsNotPlain_isRefusedWithTheReason(String rest, String reason) {
        assertThatThrownBy(() -> Pkcs11Uri.parse(rest))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void parse_tooLong_isRefused() {
        assertThatThrownBy(() -> Pkcs11Uri.parse("token=hsm;object=" + "a".repeat(5_000)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("more than 2048");
        assertThatThrownBy(() -> Pkcs11Uri.parse("token=hsm;object=" + "a".repeat(256)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("longer than any token");
    }
}
