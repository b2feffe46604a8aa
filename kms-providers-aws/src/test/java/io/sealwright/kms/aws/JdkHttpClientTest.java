package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Variables;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;

/** What lies between the SDK and the line: limits that hold, headers, and what is wiped. */
@Timeout(60)
class JdkHttpClientTest {
    private static final String ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    private final JdkHttpClient client = new JdkHttpClient();
    private volatile byte[] body = new byte[0];
    private volatile String encoding = "";
    private volatile Headers asked = new Headers();
    private HttpServer server;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.createContext("/", exchange -> {
            try (exchange) {
                asked = exchange.getRequestHeaders();
                exchange.getRequestBody().readAllBytes();
                exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
                if (!encoding.isEmpty()) {
                    exchange.getResponseHeaders().set("Content-Encoding", encoding);
                }
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }

    private MasterKey key(AwsCredentialsProvider credentials) {
        return AwsKms.masterKey(
                AwsOptions.builder()
                        .region("eu-central-1")
                        .endpoint(address())
                        .credentials(credentials)
                        .build(),
                ARN);
    }

    private static byte[] gzip(byte[] head, int spaces) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(head);
            byte[] block = " ".repeat(1 << 16).getBytes(StandardCharsets.US_ASCII);
            for (int left = spaces; left > 0; left -= block.length) {
                out.write(block, 0, Math.min(left, block.length));
            }
        }
        return bytes.toByteArray();
    }

    /** The SDK inflates gzip behind our limit: a thousandfold, and more than there is memory for. */
    @ParameterizedTest
    @ValueSource(strings = {"gzip", "GZIP", "deflate", "identity"})
    void answer_compressed_isNone(String encoded) throws IOException {
        byte[] answer = ("{\"KeyMetadata\":{\"KeyId\":\"1234abcd-12ab-34cd-56ef-1234567890ab\",\"Arn\":\"" + ARN
                        + "\",\"CreationDate\":1,\"Enabled\":true,\"KeyState\":\"Enabled\",\"KeyUsage\":\"ENCRYPT_DECRYPT\","
                        + "\"KeySpec\":\"SYMMETRIC_DEFAULT\"}}")
                .getBytes(StandardCharsets.UTF_8);
        try (MasterKey key = key(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIA", "secret")))) {
            body = answer;
            assertThat(key.metadata().enabled())
                    .as("as it is, the answer is one")
                    .isTrue();
            encoding = encoded;
            body = encoded.equals("identity") ? answer : gzip(answer, 10 << 20);
            assertThatThrownBy(key::metadata)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("compressed, which nobody asked for");
        }
        assertThat(asked).doesNotContainKey("Accept-encoding");
    }

    /** What STS says comes through the same client. */
    @Test
    void webIdentity_compressedAnswer_isNone(@TempDir Path folder) throws IOException {
        encoding = "gzip";
        body = gzip("<a/>".getBytes(StandardCharsets.UTF_8), 10 << 20);
        Path token = Files.writeString(folder.resolve("token"), "token");
        Variables variables =
                Variables.of(Map.of("AWS_ENDPOINT_URL_STS", address().toString()));
        try (WebIdentity identity =
                WebIdentity.of(variables, "eu-central-1", token, "arn:aws:iam::111122223333:role/app")) {
            assertThatThrownBy(identity::resolveCredentials)
                    .isInstanceOf(SdkClientException.class)
                    .hasRootCauseInstanceOf(JdkHttpClient.EncodedException.class);
        }
    }

    /** Remembers the one array that its content is given out in. */
    private static final class Given extends InputStream {
        private final byte[] content = "a key's bytes".getBytes(StandardCharsets.UTF_8);

        @Override
        public int read() {
            throw new UnsupportedOperationException();
        }

        @Override
        public byte[] readAllBytes() {
            return content;
        }
    }

    private HttpExecuteResponse send(Given content, String header, String value) throws IOException {
        return client.prepareRequest(HttpExecuteRequest.builder()
                        .request(SdkHttpFullRequest.builder()
                                .method(SdkHttpMethod.POST)
                                .uri(address())
                                .putHeader(header, value)
                                .build())
                        .contentStreamProvider(() -> content)
                        .build())
                .call();
    }

    @Test
    void request_sent_isWipedAndAsksForNoEncoding() throws IOException {
        Given content = new Given();
        body = "hello".getBytes(StandardCharsets.UTF_8);
        HttpExecuteResponse response = send(content, "Accept-Encoding", "gzip");
        assertThat(content.content).containsOnly(0);
        assertThat(asked).doesNotContainKey("Accept-encoding");
        InputStream answer = response.responseBody().orElseThrow();
        answer.mark(10);
        assertThat(answer.read()).isEqualTo('h');
        answer.close();
        answer.reset();
        assertThat(answer.read()).as("closed, it is wiped").isLessThanOrEqualTo(0);
    }

    @Test
    void request_thatCannotBeSent_isWiped() {
        Given content = new Given();
        assertThatThrownBy(() -> send(content, "no header", "x")).isInstanceOf(IllegalArgumentException.class);
        assertThat(content.content).containsOnly(0);
    }
}
