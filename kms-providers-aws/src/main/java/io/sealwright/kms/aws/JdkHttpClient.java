package io.sealwright.kms.aws;

import io.sealwright.kms.spi.LimitedBody;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;
import software.amazon.awssdk.http.SdkHttpRequest;

/**
 * The SDK's HTTP client over the JDK's: no jar more, connections that are kept, and each request sent once. The JDK's older
 * {@code HttpURLConnection} sends a POST again when its first connection was lost, which would rotate a key twice. The
 * whole answer is read, up to a limit, before the SDK sees any of it, so that the SDK's deadline holds for the body too,
 * and an interrupt ends the exchange. A compressed answer is refused: it has no limit when it is inflated. What was sent
 * and read is wiped, as far as it is ours.
 */
final class JdkHttpClient implements SdkHttpClient {
    /** The longest answer; a secret of Secrets Manager has at most 64 KiB, a page of 50 parameters 400 KiB. */
    static final int MOST_BYTES = 1 << 20;

    private static final Duration CONNECTING = Duration.ofSeconds(5);

    /** Those that the JDK's client makes itself, and the one that would ask for compressed answers, which are refused. */
    private static final Set<String> OWN_HEADERS =
            Set.of("host", "content-length", "connection", "expect", "upgrade", "transfer-encoding", "accept-encoding");

    /** The answer is compressed, so that its length says nothing of what it would become. */
    static final class EncodedException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    private final HttpClient client;

    JdkHttpClient() {
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER) // credentials would go along
                .connectTimeout(CONNECTING)
                .build();
    }

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        return new Exchange(client, request);
    }

    @Override
    public String clientName() {
        return "SealwrightJdk";
    }

    @Override
    public void close() {
        // The JDK's client ends its threads when nobody refers to it any more.
    }

    private static final class Exchange implements ExecutableHttpRequest {
        private final HttpClient client;
        private final HttpExecuteRequest request;
        private final AtomicReference<@Nullable CompletableFuture<?>> underWay = new AtomicReference<>();

        Exchange(HttpClient client, HttpExecuteRequest request) {
            this.client = client;
            this.request = request;
        }

        @Override
        public HttpExecuteResponse call() throws IOException {
            byte[] body = body();
            LimitedBody answer = new LimitedBody(MOST_BYTES);
            boolean given = false;
            try {
                CompletableFuture<HttpResponse<byte[]>> exchange =
                        client.sendAsync(converted(body), head -> uncompressed(head, answer));
                underWay.set(exchange);
                HttpExecuteResponse response = answered(exchange.get());
                given = true;
                return response;
            } catch (InterruptedException e) {
                abort();
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted");
            } catch (CancellationException e) {
                throw new IOException("aborted"); // by the SDK, whose timer has run out
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
            } finally {
                Arrays.fill(body, (byte) 0);
                if (!given) {
                    answer.wipe();
                }
            }
        }

        @Override
        public void abort() {
            CompletableFuture<?> exchange = underWay.get();
            if (exchange != null) {
                exchange.cancel(true);
            }
        }

        private byte[] body() throws IOException {
            ContentStreamProvider provider = request.contentStreamProvider().orElse(null);
            if (provider == null) {
                return new byte[0];
            }
            try (InputStream content = provider.newStream()) {
                return content.readAllBytes();
            }
        }

        /** Nobody asks for an encoding. The SDK would inflate gzip, to whatever size it has. */
        private static LimitedBody uncompressed(HttpResponse.ResponseInfo head, LimitedBody answer) {
            if (head.headers().firstValue("Content-Encoding").isPresent()) {
                answer.onError(new EncodedException());
            }
            return answer;
        }

        private HttpRequest converted(byte[] body) {
            SdkHttpRequest from = request.httpRequest();
            HttpRequest.Builder to = HttpRequest.newBuilder(from.getUri())
                    .method(from.method().name(), HttpRequest.BodyPublishers.ofByteArray(body));
            from.forEachHeader((name, values) -> {
                if (!OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
                    values.forEach(value -> to.header(name, value));
                }
            });
            return to.build();
        }

        private static HttpExecuteResponse answered(HttpResponse<byte[]> response) {
            SdkHttpFullResponse.Builder head = SdkHttpFullResponse.builder().statusCode(response.statusCode());
            response.headers().map().forEach(head::putHeader);
            Wiped body = new Wiped(response.body());
            return HttpExecuteResponse.builder()
                    .response(head.build())
                    .responseBody(AbortableInputStream.create(body, body::close))
                    .build();
        }
    }

    /** A body that is wiped when it is closed. */
    private static final class Wiped extends ByteArrayInputStream {
        Wiped(byte[] body) {
            super(body);
        }

        @Override
        public void close() {
            Arrays.fill(buf, (byte) 0);
            count = 0;
        }
    }
}
