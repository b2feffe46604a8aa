package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testbed.Patiently;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProviderChain;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/** What becomes of each answer of KMS: the table of docs/providers/AWS.md, row by row. */
@Timeout(60)
class AwsAnswersTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final AwsFake aws = new AwsFake();
    private final String arn = aws.kms().createKey();
    private MasterKey key;

    @BeforeEach
    void open() {
        key = AwsKms.masterKey(Fakes.options(aws).build(), arn);
    }

    @AfterEach
    void close() {
        key.close();
        aws.close();
    }

    /** Codes of AWS, the status they come with, and what they are to us. */
    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource(delimiter = '|', textBlock = """
            400 | NotFoundException           | Key 'arn:…' does not exist | KMS_KEY_NOT_FOUND
            400 | DisabledException           | arn:… is disabled.         | KMS_KEY_STATE_REFUSED
            400 | KMSInvalidStateException    | arn:… is pending deletion. | KMS_KEY_STATE_REFUSED
            400 | KMSInvalidStateException    | arn:… is pending replica deletion. | KMS_KEY_STATE_REFUSED
            400 | KMSInvalidStateException    | arn:… is pending import.   | KMS_KEY_STATE_REFUSED
            400 | KMSInvalidStateException    | arn:… is unavailable.      | KMS_UNAVAILABLE
            400 | KMSInvalidStateException    | arn:… is creating.         | KMS_UNAVAILABLE
            400 | AccessDeniedException       | User: … is not authorized  | KMS_DENIED
            403 | AccessDeniedException       | User: … is not authorized  | KMS_DENIED
            400 | InvalidCiphertextException  | ''                         | KMS_AUTHENTICATION_FAILED
            400 | IncorrectKeyException       | The key ID in the request… | KMS_AUTHENTICATION_FAILED
            400 | InvalidKeyUsageException    | … is not valid             | KMS_CONFIGURATION
            400 | InvalidArnException         | Invalid arn                | KMS_CONFIGURATION
            400 | ExpiredTokenException       | The security token …       | KMS_UNAVAILABLE
            400 | UnrecognizedClientException | The security token …       | KMS_UNAVAILABLE
            400 | InvalidSignatureException   | The request signature …    | KMS_UNAVAILABLE
            400 | ThrottlingException         | Rate exceeded              | KMS_UNAVAILABLE
            400 | LimitExceededException      | Rate exceeded              | KMS_UNAVAILABLE
            400 | ValidationException         | 1 validation error         | KMS_AUTHENTICATION_FAILED
            500 | ValidationException         | said by a server in trouble | KMS_UNAVAILABLE
            400 | SomethingNewException       | in the year 2031           | KMS_UNAVAILABLE
            500 | KMSInternalException        | ''                         | KMS_UNAVAILABLE
            500 | KeyUnavailableException     | ''                         | KMS_UNAVAILABLE
            503 | DependencyTimeoutException  | ''                         | KMS_UNAVAILABLE
            500 | NotFoundException           | said by a server in trouble | KMS_UNAVAILABLE
            503 | AccessDeniedException       | said by a server in trouble | KMS_UNAVAILABLE
            """)
    void unwrap_answerOfAws_isToldByItsCode(int status, String code, String message, ErrorCode expected) {
        try (GeneratedKey generated = key.generate(BINDING)) {
            aws.refuse(status, code, message);
            aws.forget();
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), BINDING))
                    .isInstanceOf(KmsException.class)
                    .extracting(e -> ((KmsException) e).code())
                    .isEqualTo(expected);
            assertThat(aws.requests()).as("each request is sent once").containsExactly("kms:Decrypt");
            aws.recover();
            key.unwrap(generated.recipient(), BINDING).close();
        }
    }

    @Test
    void generate_refused_saysActionAndCode() {
        aws.refuse(400, "AccessDeniedException", "User: arn:aws:iam::111122223333:user/test is not authorized");
        assertThatThrownBy(() -> key.generate(BINDING))
                .hasMessageContaining("may not do kms:GenerateDataKey (AccessDeniedException: User: arn:aws:iam::")
                .hasMessageContaining(key.uri());
    }

    /** Of the request the context alone is not of our making: whoever sends a strange one must not stop the key for others. */
    @Test
    void sealing_contextThatAwsDoesNotTake_isRefusedAndStopsNoOtherContext() {
        String tooLong = "x".repeat(8_180);
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("large", tooLong));
        refuses(() -> key.generate(binding), "AWS KMS does not wrap that: generate with " + key.uri());
        try (SecretBytes held = SecretBytes.copyOf(new byte[32])) {
            refuses(() -> key.wrap(held, binding), "AWS KMS does not wrap that: encrypt with " + key.uri());
        }
        try (KeyManager kms = KeyManager.builder()
                .masterKey(AwsKms.masterKey(Fakes.options(aws).build(), arn))
                .build()) {
            for (int i = 0; i < 50; i++) {
                String name = "large" + i % 10;
                refuses(() -> kms.encrypt("hello").context(name, tooLong).toBytes(), "ValidationException");
            }
            byte[] message = kms.encrypt("hello").context("tenant", "acme").toBytes();
            assertThat(kms.decrypt(message).context("tenant", "acme").toText()).isEqualTo("hello");
        }
        aws.refuse(400, "ValidationException", "1 validation error");
        assertThatThrownBy(key::check).as("what we alone make is no answer").isInstanceOf(UnavailableException.class);
    }

    private static void refuses(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String text) {
        assertThatThrownBy(call)
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining(text)
                .extracting(e -> ((RefusedException) e).code())
                .isEqualTo(ErrorCode.KMS_OPERATION_REFUSED);
    }

    /** Answers that AWS did not give, or not whole. */
    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource(delimiter = '|', textBlock = """
            200 | text/html                  | <html>Please log in</html>
            200 | application/x-amz-json-1.1 | {}
            200 | application/x-amz-json-1.1 | []
            200 | application/x-amz-json-1.1 | {"KeyId":
            200 | application/x-amz-json-1.1 | {"KeyId":7,"Plaintext":"x"}
            200 | application/x-amz-json-1.1 | {"KeyId":"k","Plaintext":"AAAA","CiphertextBlob":"AAAA"}
            204 | application/x-amz-json-1.1 | ''
            301 | text/html                  | <html>moved</html>
            400 | text/html                  | <html>bad</html>
            400 | application/json           | {"message":"no code"}
            403 | text/html                  | <html>Forbidden</html>
            404 | text/plain                 | ''
            407 | text/html                  | <html>Proxy authentication required</html>
            429 | text/plain                 | slow down
            502 | text/html                  | <html>bad gateway</html>
            """)
    void generate_answerIsNone_throwsUnavailable(int status, String type, String body) {
        aws.answer(status, type, body.getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
        aws.recover();
        key.generate(BINDING).close();
    }

    @Test
    void unwrap_answerOfAnotherKey_isNotBelieved() {
        try (GeneratedKey generated = key.generate(BINDING)) {
            String plaintext = Base64.getEncoder().encodeToString(new byte[32]);
            String foreign = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000";
            aws.answer(
                    200,
                    "application/x-amz-json-1.1",
                    ("{\"KeyId\":\"" + foreign + "\",\"Plaintext\":\"" + plaintext + "\"}")
                            .getBytes(StandardCharsets.UTF_8));
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("names another key");
        }
    }

    @Test
    void generate_answerOverOneMebibyte_throwsUnavailable() {
        aws.answer(
                200,
                "application/x-amz-json-1.1",
                ("{\"x\":\"" + "y".repeat(JdkHttpClient.MOST_BYTES) + "\"}").getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> key.generate(BINDING))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("more than 1048576 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SILENT", "DRIPPING"})
    void generate_noWholeAnswer_endsAtTheDeadline(Situation situation) throws Exception {
        try (MasterKey hurried = AwsKms.masterKey(
                Fakes.options(aws).timeout(Duration.ofSeconds(1)).build(), arn)) {
            Patiently.repeat(
                    UnavailableException.class, () -> hurried.generate(BINDING).close());
            aws.bringAbout(situation);
            long from = System.nanoTime();
            assertThatThrownBy(() -> hurried.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("within 1000 ms");
            assertThat(Duration.ofNanos(System.nanoTime() - from))
                    .isBetween(Duration.ofMillis(900), Duration.ofSeconds(15));
            assertThat(Thread.interrupted())
                    .as("the SDK's timer leaves no interrupt")
                    .isFalse();
        }
    }

    @Test
    void generate_nobodyListens_throwsUnavailableThatSaysSo() {
        aws.close();
        assertThatThrownBy(() -> key.generate(BINDING))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("takes no connection");
    }

    @Test
    void generate_unknownHost_throwsUnavailableThatSaysSo() {
        try (MasterKey nowhere = AwsKms.masterKey(
                AwsOptions.builder()
                        .region(AwsFake.REGION)
                        .credentials(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIA", "secret")))
                        .endpoint(URI.create("http://no-such-host.invalid"))
                        .timeout(Duration.ofSeconds(50)) // a resolver that has nobody to ask says so late
                        .build(),
                arn)) {
            assertThatThrownBy(() -> nowhere.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("does not resolve");
        }
    }

    @Test
    void generate_noTls_throwsUnavailableThatSaysSo() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread listener = new Thread(() -> {
                while (!plain.isClosed()) {
                    try (Socket client = plain.accept()) {
                        client.getOutputStream()
                                .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                    } catch (java.io.IOException e) {
                        // The test has ended, or the client has heard enough.
                    }
                }
            });
            listener.setDaemon(true);
            listener.start();
            try (MasterKey encrypted = AwsKms.masterKey(
                    AwsOptions.builder()
                            .region(AwsFake.REGION)
                            .credentials(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIA", "secret")))
                            .endpoint(URI.create("https://127.0.0.1:" + plain.getLocalPort()))
                            .build(),
                    arn)) {
                assertThatThrownBy(() -> encrypted.generate(BINDING))
                        .isInstanceOf(UnavailableException.class)
                        .hasMessageContaining("TLS failed");
            }
        }
    }

    @Test
    void generate_wrongSecretKey_throwsUnavailable() {
        try (MasterKey stranger = AwsKms.masterKey(
                AwsOptions.builder()
                        .region(AwsFake.REGION)
                        .endpoint(aws.endpoint())
                        .credentials(StaticCredentialsProvider.create(
                                AwsBasicCredentials.create(aws.accessKey(), "another-secret-key")))
                        .build(),
                arn)) {
            assertThatThrownBy(() -> stranger.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("does not accept the credentials (InvalidSignatureException");
        }
    }

    @Test
    void generate_noCredentialsAnywhere_throwsUnavailableThatSaysSo() {
        try (MasterKey anonymous = AwsKms.masterKey(
                AwsOptions.builder()
                        .region(AwsFake.REGION)
                        .endpoint(aws.endpoint())
                        .credentials(
                                AwsCredentialsProviderChain.of(ProfileCredentialsProvider.create("no-such-profile")))
                        .build(),
                arn)) {
            assertThatThrownBy(() -> anonymous.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("There are no credentials");
        }
    }

    @Test
    void generate_interrupted_endsAtOnceAndKeepsTheFlag() {
        aws.bringAbout(Situation.SILENT);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(CallInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    /** The JDK's older client sends a POST again by itself, and the SDK asks four times. */
    @Test
    void generate_connectionLost_sendsOnce() {
        key.generate(BINDING).close();
        aws.forget();
        aws.bringAbout(Situation.RESET);
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
        assertThat(aws.calls("kms:GenerateDataKey")).isEqualTo(1);
    }

    @Test
    void generate_readyClientThatRepeats_doesNotRepeat() {
        try (KmsClient client = KmsClient.builder()
                        .region(Region.of(AwsFake.REGION))
                        .endpointOverride(aws.endpoint())
                        .httpClient(UrlConnectionHttpClient.create())
                        .credentialsProvider(StaticCredentialsProvider.create(
                                AwsBasicCredentials.create(aws.accessKey(), aws.secretKey())))
                        .build();
                MasterKey ready = AwsKms.masterKey(client, arn)) {
            try (GeneratedKey generated = ready.generate(BINDING)) {
                ready.unwrap(generated.recipient(), BINDING).close();
            }
            aws.bringAbout(Situation.SERVER_ERROR);
            aws.forget();
            assertThatThrownBy(() -> ready.generate(BINDING)).isInstanceOf(UnavailableException.class);
            assertThat(aws.calls()).isEqualTo(1);
            aws.recover();
            client.describeKey(ask -> ask.keyId(arn)); // still open, and as it was
        }
    }

    /** A socket's time-out is an interrupted I/O to Java, and no interrupt. */
    @Test
    void generate_readyClientWhoseSocketTimesOut_throwsUnavailable() {
        try (KmsClient client = KmsClient.builder()
                        .region(Region.of(AwsFake.REGION))
                        .endpointOverride(aws.endpoint())
                        .httpClient(UrlConnectionHttpClient.builder()
                                .socketTimeout(Duration.ofMillis(300))
                                .build())
                        .credentialsProvider(StaticCredentialsProvider.create(
                                AwsBasicCredentials.create(aws.accessKey(), aws.secretKey())))
                        .build();
                MasterKey ready = AwsKms.masterKey(client, arn)) {
            aws.bringAbout(Situation.SILENT);
            assertThatThrownBy(() -> ready.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("SocketTimeoutException");
            assertThat(Thread.interrupted()).isFalse();
        }
    }

    /** Whatever a hostile or broken server repeats, no error shows it. */
    @Test
    void errors_holdNoKey() {
        byte[] secret = new byte[32];
        for (int i = 0; i < secret.length; i++) {
            secret[i] = (byte) (7 * i + 13);
        }
        String shown = Base64.getEncoder().encodeToString(secret);
        try (SecretBytes held = SecretBytes.copyOf(secret)) {
            Recipient recipient = key.wrap(held, BINDING);
            for (String body : new String[] {
                "{\"__type\":\"ValidationException\",\"message\":\"what about " + shown + "?\"}",
                "{\"__type\":\"" + shown + "\",\"message\":\"" + shown + "\"}",
                "{\"__type\":\"AccessDeniedException\",\"Message\":\"" + shown + "\"}"
            }) {
                aws.answer(400, "application/x-amz-json-1.1", body.getBytes(StandardCharsets.UTF_8));
                holdsNot(shown, () -> key.wrap(held, BINDING));
            }
            for (String body : new String[] {
                "{\"KeyId\":\"" + arn + "\",\"Plaintext\":\"" + shown + "\"",
                "{\"KeyId\":\"" + arn + "\",\"Plaintext\":\"" + shown + "\" x",
                "{\"KeyId\":{\"Plaintext\":\"" + shown + "\"}}",
                "{\"KeyId\":\"" + shown + "\",\"Plaintext\":\"" + shown + "\"}",
                shown
            }) {
                aws.answer(200, "application/x-amz-json-1.1", body.getBytes(StandardCharsets.UTF_8));
                holdsNot(shown, () -> key.unwrap(recipient, BINDING));
            }
            aws.bringAbout(Situation.CUT_ANSWER);
            holdsNot(shown.substring(0, 12), () -> key.unwrap(recipient, BINDING));
        }
    }

    private static void holdsNot(String secret, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(KmsException.class).satisfies(e -> {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text, true));
            assertThat(text.toString()).doesNotContain(secret);
        });
    }

    @Test
    void generate_messageOfTwoLines_becomesOne() {
        aws.refuse(400, "AccessDeniedException", "line one\r\nline two");
        assertThatThrownBy(() -> key.generate(BINDING)).hasMessageContaining("line one line two");
    }
}
