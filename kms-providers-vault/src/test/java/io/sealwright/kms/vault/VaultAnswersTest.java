package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testbed.Patiently;
import io.sealwright.kms.vault.FaultyProxy.Fault;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of answers that are none, and how long they may take. */
@ExtendWith(OpenBao.Extension.class)
@Timeout(60)
class VaultAnswersTest {
    private static final WrapBinding BINDING = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());

    private final OpenBao bao;
    private final FaultyProxy proxy;
    private MasterKey key;

    VaultAnswersTest(OpenBao bao) {
        this.bao = bao;
        this.proxy = new FaultyProxy(bao.port());
    }

    @BeforeEach
    void open() {
        bao.mount("", "transit", "transit", "");
        bao.root("POST", "transit/keys/answers", "{}");
        key = key(proxy.address(), Duration.ofSeconds(10));
        key.generate(BINDING).close(); // logged in, data keys proven
    }

    private MasterKey key(String address, Duration timeout) {
        VaultOptions options = VaultOptions.builder()
                .address(address)
                .auth(VaultAuth.token(bao.rootToken()))
                .timeout(timeout)
                .build();
        return VaultKeys.masterKey(options, "transit/answers");
    }

    @AfterEach
    void close() {
        key.close();
        proxy.close();
    }

    static Stream<Arguments> noAnswers() {
        String json = "application/json";
        String deep = "{\"errors\":".repeat(5_000) + "1" + "}".repeat(5_000);
        return Stream.of(
                Arguments.of("page with success", 200, "text/html", "<html>log in</html>"),
                Arguments.of("page that says it is JSON", 200, json, "<html>log in</html>"),
                Arguments.of("nothing with success", 200, json, ""),
                Arguments.of("JSON without a type", 200, "", "{\"data\":{}}"),
                Arguments.of("an array", 200, json, "[1,2]"),
                Arguments.of("cut JSON", 200, json, "{\"data\":{\"ciphertext\":\"vault:v1:AA"),
                Arguments.of("no data", 200, json, "{\"data\":null}"),
                Arguments.of("data of another kind", 200, json, "{\"data\":[]}"),
                Arguments.of("no plaintext", 200, json, "{\"data\":{\"ciphertext\":\"vault:v1:AAAAAAAA\"}}"),
                Arguments.of(
                        "a number for a text",
                        200,
                        json,
                        "{\"data\":{\"ciphertext\":\"vault:v1:AAAAAAAA\",\"plaintext\":7}}"),
                Arguments.of(
                        "a short key",
                        200,
                        json,
                        "{\"data\":{\"ciphertext\":\"vault:v1:AAAAAAAA\",\"plaintext\":\"AAAA\"}}"),
                Arguments.of(
                        "a ciphertext of another form",
                        200,
                        json,
                        "{\"data\":{\"ciphertext\":\"x\",\"plaintext\":\"" + "A".repeat(43) + "=\"}}"),
                Arguments.of("nested too deeply", 200, json, deep),
                Arguments.of("bare 400", 400, "", ""),
                Arguments.of("a proxy's 400", 400, json, "{\"message\":\"bad\"}"),
                Arguments.of("an unknown 400", 400, json, "{\"errors\":[\"the moon is in the wrong phase\"]}"),
                Arguments.of("bare 403", 403, "", ""),
                Arguments.of("a page 403", 403, "text/html", "<html>forbidden</html>"),
                Arguments.of(
                        "another API's 404", 404, json, "{\"errors\":[{\"status\":\"404\",\"title\":\"Not found\"}]}"),
                Arguments.of("no data 404", 404, json, "{\"data\":null}"),
                Arguments.of("other data 404", 404, json, "{\"data\":{}}"),
                Arguments.of("another API's 403", 403, json, "{\"errors\":[{\"status\":\"403\"}]}"),
                Arguments.of("a page 404", 404, "text/html", "<html>not found</html>"),
                Arguments.of("redirect", 307, "", ""),
                Arguments.of("precondition", 412, json, "{\"errors\":[]}"),
                Arguments.of("throttled", 429, json, "{\"errors\":[\"rate limit quota exceeded\"]}"),
                Arguments.of("server error", 500, json, "{\"errors\":[\"internal error\"]}"),
                Arguments.of("bad gateway", 502, "text/html", "<html>"),
                Arguments.of("sealed", 503, json, "{\"errors\":[\"Vault is sealed\"]}"),
                Arguments.of(
                        "encryption key not found, but by a server error",
                        500,
                        json,
                        "{\"errors\":[\"encryption key not found\"]}"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("noAnswers")
    void generate_answerIsNone_throwsUnavailable(String what, int status, String type, String body) {
        proxy.answer(status, type, body);
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
        proxy.fault(Fault.NONE);
        key.generate(BINDING).close();
    }

    @Test
    void generate_answerIsNotUtf8_throwsUnavailable() {
        byte[] body = "{\"data\":{\"x\":\"\u00e9\"}}".getBytes(StandardCharsets.ISO_8859_1);
        proxy.answer(200, "application/json", body);
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
    }

    @Test
    void generate_answerOverOneMebibyte_throwsUnavailable() {
        proxy.answer(
                200, "application/json", "{\"data\":{\"x\":\"" + "y".repeat(GuardedHttpClient.MOST_BYTES) + "\"}}");
        assertThatThrownBy(() -> key.generate(BINDING))
                .isInstanceOf(UnavailableException.class)
                .hasStackTraceContaining("more than 1048576 bytes");
    }

    @Test
    void generate_drippedAnswer_endsAtTheDeadline() throws Exception {
        try (MasterKey hurried = key(proxy.address(), Duration.ofSeconds(1))) {
            Patiently.repeat(
                    UnavailableException.class, () -> hurried.generate(BINDING).close());
            proxy.fault(Fault.DRIP);
            long from = System.nanoTime();
            assertThatThrownBy(() -> hurried.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("within 1000 ms");
            // The whole answer would drip for half a minute and more.
            assertThat(Duration.ofNanos(System.nanoTime() - from))
                    .isBetween(Duration.ofMillis(900), Duration.ofSeconds(15));
        }
    }

    @Test
    void generate_nobodyListens_throwsUnavailableThatSaysSo() {
        proxy.close();
        assertThatThrownBy(() -> key.generate(BINDING))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("takes no connection");
    }

    @Test
    void generate_unknownHost_throwsUnavailableThatSaysSo() {
        // A resolver that has nobody to ask says so late: after 10 s and more.
        try (MasterKey nowhere = key("http://no-such-host.invalid:8200", Duration.ofSeconds(50))) {
            assertThatThrownBy(() -> nowhere.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("does not resolve");
        }
    }

    @Test
    void generate_sealedAndUnsealed_noAnswerAndThenOne() throws Exception {
        try (MasterKey direct = key(bao.address(), Duration.ofSeconds(10));
                GeneratedKey before = direct.generate(BINDING)) {
            bao.seal();
            try {
                assertThatThrownBy(() -> direct.generate(BINDING))
                        .isInstanceOf(UnavailableException.class)
                        .hasMessageContaining("sealed");
            } finally {
                bao.unseal();
            }
            direct.unwrap(before.recipient(), BINDING).close();
        }
    }

    @Test
    void generate_interrupted_endsAtOnceAndKeepsTheFlag() {
        proxy.fault(Fault.SILENT);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(CallInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void unwrap_otherContext_throwsAuthenticationFailedAndAsksOnce() {
        try (GeneratedKey generated = key.generate(BINDING)) {
            proxy.requests().clear();
            WrapBinding other = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("a", "b"));
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), other))
                    .isInstanceOf(AuthenticationFailedException.class);
            assertThat(proxy.requests()).containsExactly("POST /v1/transit/decrypt/answers");
        }
    }

    @Test
    void generate_serverRepeatsTheToken_errorDoesNot() {
        String token = bao.rootToken();
        proxy.answer(400, "application/json", "{\"errors\":[\"what about " + token + "?\"]}");
        assertThatThrownBy(() -> key.generate(BINDING))
                .isInstanceOf(KmsException.class)
                .satisfies(e -> assertThat(e.toString().toLowerCase(java.util.Locale.ROOT))
                        .doesNotContain(token.toLowerCase(java.util.Locale.ROOT)));
        proxy.answer(400, "application/json", "{\"errors\":[\"line one\\r\\nline two\"]}");
        assertThatThrownBy(() -> key.generate(BINDING)).hasMessageContaining("line one line two");
    }

    @Test
    void generate_deletedKey_throwsKeyNotFound() {
        bao.root("POST", "transit/keys/doomed", "{}");
        bao.root("POST", "transit/keys/doomed/config", "{\"deletion_allowed\":true}");
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(bao.rootToken()))
                .build();
        try (MasterKey doomed = VaultKeys.masterKey(options, "transit/doomed");
                GeneratedKey generated = doomed.generate(BINDING)) {
            bao.root("DELETE", "transit/keys/doomed", null);
            assertThatThrownBy(() -> doomed.generate(BINDING)).isInstanceOf(KeyNotFoundException.class);
            assertThatThrownBy(() -> doomed.unwrap(generated.recipient(), BINDING))
                    .isInstanceOf(KeyNotFoundException.class);
            assertThatThrownBy(doomed::refresh).isInstanceOf(KeyNotFoundException.class);
        }
    }
}
