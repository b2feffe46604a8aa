package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import io.grpc.Status.Code;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testbed.Patiently;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.gcp.Fault;
import io.sealwright.kms.testkit.gcp.Lie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each answer means: the table of docs/providers/GCP.md, every row of it. */
@Timeout(60)
class GcpAnswersTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private static FakeGoogleCloud cloud;

    private MasterKey key;
    private SecretSource secret;

    /** Something that Google, or somebody on the way, may answer. */
    private record Answer(String row, String name, Runnable bringAbout, Call... calls) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** What is called meanwhile. */
    private enum Call {
        GENERATE,
        UNWRAP,
        CHECK,
        REFRESH,
        ROTATE,
        FETCH,
        WRITE
    }

    private static final Call[] KMS = {Call.GENERATE, Call.UNWRAP, Call.CHECK, Call.REFRESH};

    @BeforeAll
    static void start() {
        cloud = FakeGoogleCloud.start();
        cloud.kms().create(Clouds.KEY);
        cloud.secrets().add(Clouds.SECRET, HEX);
    }

    @AfterAll
    static void stop() {
        cloud.close();
    }

    @BeforeEach
    void open() {
        key = GcpKms.masterKey(Clouds.options(cloud), Clouds.KEY);
        secret = GcpSecretManager.source(Clouds.options(cloud), Clouds.SECRET);
    }

    @AfterEach
    void close() {
        cloud.behave();
        cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.ENABLED);
        key.close();
        secret.close();
    }

    // ---- the rows

    static List<Answer> answers() {
        List<Answer> all = new ArrayList<>();
        String version = Clouds.KEY + "/cryptoKeyVersions/1";

        String notFound = "NOT_FOUND that names the key or the secret";
        all.add(status(notFound, Code.NOT_FOUND, "CryptoKey " + Clouds.KEY + " not found.", KMS));
        all.add(status(
                notFound,
                Code.NOT_FOUND,
                "Secret [projects/123456/secrets/app-encryption-key-default] not found or has no versions.",
                Call.FETCH));

        String destroyed = "FAILED_PRECONDITION, state DESTROYED";
        all.add(state(destroyed, CryptoKeyVersionState.DESTROYED));
        all.add(status(
                destroyed, Code.FAILED_PRECONDITION, "", violation("KEY_DESTROYED"), Call.UNWRAP, Call.GENERATE));
        all.add(status(
                destroyed,
                Code.FAILED_PRECONDITION,
                "Secret Version [projects/123456/secrets/app-encryption-key-default/versions/1] is in DESTROYED state.",
                Call.FETCH,
                Call.WRITE));

        String disabled = "FAILED_PRECONDITION, state DISABLED or DESTROY_SCHEDULED";
        all.add(state(disabled, CryptoKeyVersionState.DISABLED));
        all.add(state(disabled, CryptoKeyVersionState.DESTROY_SCHEDULED));
        all.add(status(disabled, Code.FAILED_PRECONDITION, "", violation("KEY_DISABLED"), Call.UNWRAP, Call.GENERATE));
        all.add(status(
                disabled,
                Code.FAILED_PRECONDITION,
                version + " is not enabled, current state is: DISABLED.",
                Call.UNWRAP,
                Call.GENERATE));
        all.add(status(
                disabled,
                Code.FAILED_PRECONDITION,
                "Secret Version [projects/123456/secrets/app-encryption-key-default/versions/1] is in DISABLED state.",
                Call.FETCH,
                Call.WRITE));

        String denied =
                "PERMISSION_DENIED, reason IAM_PERMISSION_DENIED or SECURITY_POLICY_VIOLATED, or none and it names the key";
        all.add(new Answer(denied, "no permission at all", () -> cloud.grant("none"), Call.values()));
        all.add(status(denied, Code.PERMISSION_DENIED, "no", reason("IAM_PERMISSION_DENIED"), Call.values()));
        all.add(status(
                denied,
                Code.PERMISSION_DENIED,
                "Request is prohibited by organization's policy.",
                reason("SECURITY_POLICY_VIOLATED"),
                Call.values()));
        all.add(status(
                denied,
                Code.PERMISSION_DENIED,
                "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource '" + Clouds.KEY
                        + "' (or it may not exist).",
                KMS));

        String other = "PERMISSION_DENIED with another reason (SERVICE_DISABLED, BILLING_DISABLED, …)";
        for (String reason : List.of(
                "SERVICE_DISABLED", "BILLING_DISABLED", "CONSUMER_SUSPENDED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")) {
            all.add(status(
                    other,
                    Code.PERMISSION_DENIED,
                    "Cloud KMS API has not been used in project 123 before or it is disabled: " + Clouds.KEY,
                    reason(reason),
                    Call.values()));
        }

        all.add(status(
                "INVALID_ARGUMENT on decrypting",
                Code.INVALID_ARGUMENT,
                "Decryption failed: verify that 'name' refers to the correct CryptoKey.",
                Call.UNWRAP));
        all.add(status(
                "INVALID_ARGUMENT on decrypting",
                Code.INVALID_ARGUMENT,
                "Decryption failed: the ciphertext is invalid.",
                Call.UNWRAP));
        all.add(new Answer(
                "INVALID_ARGUMENT that speaks of a checksum",
                "the request was changed on the way",
                () -> cloud.kms().lie(Lie.CHANGED_REQUEST),
                Call.UNWRAP,
                Call.GENERATE));
        all.add(new Answer(
                "INVALID_ARGUMENT that speaks of a checksum",
                "the payload was changed on the way",
                () -> cloud.secrets().lie(Lie.CHANGED_REQUEST),
                Call.WRITE));
        all.add(status(
                "INVALID_ARGUMENT on encrypting", Code.INVALID_ARGUMENT, "The request is strange.", Call.GENERATE));
        all.add(status(
                "INVALID_ARGUMENT on anything else",
                Code.INVALID_ARGUMENT,
                "The request is strange.",
                Call.CHECK,
                Call.REFRESH,
                Call.FETCH));

        String precondition = "FAILED_PRECONDITION without such a state";
        all.add(status(
                precondition,
                Code.FAILED_PRECONDITION,
                "Google Cloud KMS API has not been used in this project before, or it is disabled.",
                KMS));
        all.add(status(
                precondition,
                Code.FAILED_PRECONDITION,
                version + " is not enabled, current state is: PENDING_GENERATION.",
                KMS));
        all.add(status(
                precondition,
                Code.FAILED_PRECONDITION,
                "The external key manager cannot be reached.",
                violation("EXTERNAL_RESOURCE_NOT_ACCESSIBLE"),
                KMS));

        String bare = "NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION that neither name it nor have details";
        all.add(status(bare, Code.NOT_FOUND, "", Call.values()));
        all.add(status(bare, Code.NOT_FOUND, "CryptoKey somewhere not found.", Call.values()));
        all.add(status(bare, Code.PERMISSION_DENIED, "RBAC: access denied", Call.values()));
        all.add(status(bare, Code.FAILED_PRECONDITION, "current state is: DISABLED", KMS));

        all.add(status(
                "UNAUTHENTICATED",
                Code.UNAUTHENTICATED,
                "Request had invalid authentication credentials.",
                reason("ACCESS_TOKEN_EXPIRED"),
                Call.values()));
        all.add(new Answer("UNAUTHENTICATED", "a dead token", () -> cloud.demandToken("other"), Call.values()));
        all.add(status(
                "RESOURCE_EXHAUSTED",
                Code.RESOURCE_EXHAUSTED,
                "Quota exceeded.",
                reason("RATE_LIMIT_EXCEEDED"),
                Call.values()));
        String rest = "UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, every other status";
        for (Code code : Code.values()) {
            boolean has = Set.of(
                            Code.OK,
                            Code.NOT_FOUND,
                            Code.PERMISSION_DENIED,
                            Code.FAILED_PRECONDITION,
                            Code.INVALID_ARGUMENT,
                            Code.UNAUTHENTICATED,
                            Code.RESOURCE_EXHAUSTED)
                    .contains(code);
            if (!has) {
                all.add(status(rest, code, "of " + Clouds.KEY + " " + Clouds.SECRET, KMS));
            }
        }

        String http = "a status of HTTP, a page, an answer that is no gRPC";
        for (int code : new int[] {200, 302, 400, 401, 403, 404, 429, 500, 502, 503, 504}) {
            all.add(new Answer(
                    http,
                    "HTTP " + code,
                    () -> cloud.answer(code, "text/html", "<html>" + Clouds.KEY + " not found</html>"),
                    KMS));
        }
        all.add(new Answer(http, "gRPC without a status", () -> cloud.answer(200, "application/grpc", ""), KMS));
        all.add(new Answer(
                http,
                "bytes as gRPC",
                () -> cloud.answer(200, "application/grpc", "\u0000\u0000\u0000\u0000\u0003abc"),
                KMS));

        String lies = "OK with a checksum that is missing or does not fit, not verified, of another name, or empty";
        for (Lie lie : List.of(Lie.WRONG_CHECKSUM, Lie.NO_CHECKSUM, Lie.CHANGED_BYTES, Lie.EMPTY)) {
            all.add(new Answer(lies, lie + " of KMS", () -> cloud.kms().lie(lie), Call.GENERATE, Call.UNWRAP));
            all.add(new Answer(
                    lies, lie + " of Secret Manager", () -> cloud.secrets().lie(lie), Call.FETCH));
        }
        for (Lie lie : List.of(Lie.UNVERIFIED, Lie.UNVERIFIED_ASSOCIATED_DATA)) {
            all.add(new Answer(lies, lie + " of KMS", () -> cloud.kms().lie(lie), Call.GENERATE));
        }
        all.add(new Answer(
                lies,
                "WRONG_NAME of KMS",
                () -> cloud.kms().lie(Lie.WRONG_NAME),
                Call.GENERATE,
                Call.CHECK,
                Call.REFRESH));
        all.add(new Answer(lies, "EMPTY key of KMS", () -> cloud.kms().lie(Lie.EMPTY), Call.CHECK, Call.REFRESH));
        all.add(new Answer(
                lies, "WRONG_NAME of Secret Manager", () -> cloud.secrets().lie(Lie.WRONG_NAME), Call.FETCH));
        all.add(new Answer(
                lies, "UNVERIFIED of Secret Manager", () -> cloud.secrets().lie(Lie.UNVERIFIED), Call.WRITE));

        String nothing = "refused, reset, cut, silent, dripping connection; DNS; TLS";
        for (Fault fault : List.of(Fault.CUT, Fault.RESET, Fault.UNREACHABLE)) {
            all.add(new Answer(nothing, fault.name(), () -> cloud.fault(fault), Call.values()));
        }

        String rotation = "INVALID_ARGUMENT, FAILED_PRECONDITION without a state, on making or setting a version";
        for (String method : List.of("CreateCryptoKeyVersion", "UpdateCryptoKeyPrimaryVersion")) {
            all.add(new Answer(
                    rotation,
                    method,
                    () -> cloud.refuseMethod(method, Code.INVALID_ARGUMENT, "An external key's version needs a path."),
                    Call.ROTATE));
        }
        all.add(new Answer(
                rotation,
                "AddSecretVersion",
                () -> cloud.refuseMethod(
                        "AddSecretVersion", Code.FAILED_PRECONDITION, "constraints/gcp.resourceLocations violated."),
                Call.WRITE));
        return all;
    }

    private static Answer status(String row, Code code, String text, Call... calls) {
        return new Answer(row, code + " " + text, () -> cloud.refuse(code, text), calls);
    }

    private static Answer status(String row, Code code, String text, Message detail, Call... calls) {
        String name = code + " " + text + " " + detail.toString().replaceAll("\\s+", " ");
        return new Answer(row, name, () -> cloud.refuse(code, text, detail), calls);
    }

    private static Answer state(String row, CryptoKeyVersionState state) {
        return new Answer(
                row,
                "version " + state,
                () -> cloud.kms().state(Clouds.KEY, state),
                Call.GENERATE,
                Call.UNWRAP,
                Call.CHECK);
    }

    private static Message reason(String reason) {
        return ErrorInfo.newBuilder()
                .setReason(reason)
                .setDomain("googleapis.com")
                .build();
    }

    private static Message violation(String type) {
        return PreconditionFailure.newBuilder()
                .addViolations(PreconditionFailure.Violation.newBuilder()
                        .setType(type)
                        .setSubject(Clouds.KEY + "/cryptoKeyVersions/1"))
                .build();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void answer_meansWhatTheTableSays(Answer answer) throws IOException {
        ErrorCode expected = documented().get(answer.row());
        assertThat(expected).as("row of the table: " + answer.row()).isNotNull();
        try (GeneratedKey generated = key.generate(BINDING)) {
            secret.fetch().close();
            answer.bringAbout().run();
            for (Call call : answer.calls()) {
                assertThat(thrownBy(call, generated)).as(call.name()).isInstanceOfSatisfying(KmsException.class, e -> {
                    assertThat(e.code()).isEqualTo(expected);
                    assertThat(e.toString()).doesNotContain(HEX);
                });
            }
        }
        cloud.behave();
        cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.ENABLED);
        key.generate(BINDING).close();
        secret.fetch().close();
    }

    private Throwable thrownBy(Call call, GeneratedKey generated) {
        return catchThrowable(() -> {
            switch (call) {
                case GENERATE -> key.generate(BINDING).close();
                case UNWRAP -> key.unwrap(generated.recipient(), BINDING).close();
                case CHECK -> key.check();
                case REFRESH -> key.refresh();
                case ROTATE -> key.rotate();
                case FETCH -> secret.fetch().close();
                case WRITE -> {
                    try (SecretBytes fresh = SecretBytes.copyOf(new byte[32])) {
                        secret.write(fresh, Integer.toString(cloud.secrets().versions(Clouds.SECRET)));
                    }
                }
            }
        });
    }

    @Test
    void table_everyRow_hasAnAnswerHere() throws IOException {
        Set<String> tried = new LinkedHashSet<>();
        answers().forEach(answer -> tried.add(answer.row()));
        Set<String> elsewhere = Set.of(
                "no credentials, or a file with credentials that cannot be read", // GcpOptionsTest
                "a secret's newest version that is no key", // GcpSecretManagerTest
                "a secret that has changed since it was read", // GcpSecretManagerTest
                "a key of another purpose than ENCRYPT_DECRYPT, on health"); // GcpKmsTest
        assertThat(Stream.concat(tried.stream(), elsewhere.stream()))
                .containsExactlyInAnyOrderElementsOf(documented().keySet());
    }

    /** The table's first column, and the code of its second. */
    private static Map<String, ErrorCode> documented() throws IOException {
        Map<String, ErrorCode> rows = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("..", "docs", "providers", "GCP.md"))) {
            String[] cells = line.split("\\|");
            if (cells.length == 4 && cells[2].trim().matches("`KMS_[A-Z_]+`.*")) {
                String code = cells[2].trim().substring(1).split("`")[0];
                rows.put(cells[1].trim().replace("`", ""), ErrorCode.valueOf(code));
            }
        }
        return rows;
    }

    // ---- how long, and what is told

    @Test
    void generate_silentOrDripping_endsAtTheDeadline() throws Exception {
        try (MasterKey hurried = GcpKms.masterKey(Clouds.options(cloud, Duration.ofSeconds(1)), Clouds.KEY)) {
            answers(hurried);
            for (Fault fault : List.of(Fault.SILENT, Fault.DRIP)) {
                cloud.fault(fault);
                long from = System.nanoTime();
                assertThatThrownBy(() -> hurried.generate(BINDING)).isInstanceOf(UnavailableException.class);
                assertThat(Duration.ofNanos(System.nanoTime() - from))
                        .isBetween(Duration.ofMillis(900), Duration.ofSeconds(10));
            }
            cloud.fault(Fault.NONE);
            answers(hurried);
        }
    }

    /** A new connection may take a loaded machine longer than the time that such a key has. */
    private static void answers(MasterKey hurried) throws InterruptedException {
        Patiently.repeat(
                UnavailableException.class, () -> hurried.generate(BINDING).close());
    }

    @Test
    void generate_interrupted_endsAtOnceAndKeepsTheFlag() {
        cloud.fault(Fault.SILENT);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(CallInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void generate_anyNoAnswer_isAskedOnce() {
        key.generate(BINDING).close();
        for (Code code : List.of(Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.RESOURCE_EXHAUSTED)) {
            cloud.refuse(code, "");
            cloud.calls().clear();
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
            assertThatThrownBy(secret::fetch).isInstanceOf(UnavailableException.class);
            assertThat(cloud.calls()).containsExactly("Encrypt", "AccessSecretVersion");
        }
    }

    @Test
    void generate_proxyRepeatsWhatItWasSent_errorDoesNot() {
        String token = "ya29.secret-token";
        cloud.answer(403, "text/html", "<html>Authorization: Bearer " + token + "</html>");
        java.io.StringWriter told = new java.io.StringWriter();
        catchThrowable(() -> key.generate(BINDING)).printStackTrace(new java.io.PrintWriter(told, true));
        assertThat(told.toString()).contains("PERMISSION_DENIED").doesNotContain(token);
    }

    @Test
    void generate_textWithLineBreaks_isToldInOneLine() {
        cloud.refuse(Code.NOT_FOUND, "CryptoKey " + Clouds.KEY + "\r\nnot found. " + "x".repeat(1_000));
        assertThatThrownBy(() -> key.generate(BINDING))
                .hasMessageNotContaining("\n")
                .satisfies(e -> assertThat(e.toString().length()).isLessThan(1_000));
    }

    @Test
    void generate_unknownHost_throwsUnavailable() {
        GcpOptions nowhere = GcpOptions.builder()
                .kmsEndpoint("no-such-host.invalid:443")
                .credentials(
                        com.google.auth.oauth2.GoogleCredentials.create(com.google.auth.oauth2.AccessToken.newBuilder()
                                .setTokenValue("token")
                                .build()))
                .build();
        try (MasterKey key = GcpKms.masterKey(nowhere, Clouds.KEY)) {
            assertThatThrownBy(() -> key.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageNotContaining("token");
        }
    }

    @Test
    void generate_serverWithoutTls_throwsUnavailable() {
        GcpOptions encrypted = GcpOptions.builder()
                .kmsEndpoint(cloud.endpoint())
                .credentials(
                        com.google.auth.oauth2.GoogleCredentials.create(com.google.auth.oauth2.AccessToken.newBuilder()
                                .setTokenValue("token")
                                .build()))
                .build();
        cloud.calls().clear();
        try (MasterKey key = GcpKms.masterKey(encrypted, Clouds.KEY)) {
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
        }
        assertThat(cloud.calls()).as("nothing is sent in the clear").isEmpty();
    }
}
