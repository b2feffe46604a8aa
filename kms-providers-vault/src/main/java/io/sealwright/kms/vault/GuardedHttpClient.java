package io.sealwright.kms.vault;

import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.LimitedBody;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client that the driver is given, for one operation: it adds to a shared client what the driver lacks.
 *
 * <ul>
 *   <li>The deadline holds for the whole exchange, the body included; the driver's own timeout ends with the headers, so
 *       that a dripped body holds its caller for as long as it likes.
 *   <li>An answer over {@value #MOST_BYTES} bytes is cut off and refused; the driver takes whatever comes.
 *   <li>An interrupt ends the exchange and leaves the flag set; the driver loses it.
 *   <li>The driver turns the body into bytes in the default charset. The answer is read as UTF-8, strictly, and every
 *       character beyond ASCII handed on as a JSON escape, which is the same in all of them.
 * </ul>
 */
final class GuardedHttpClient extends HttpClient {
    /** The longest answer: what is read here has a few KiB. */
    static final int MOST_BYTES = 1 << 20;

    private final HttpClient shared;
    private final Deadline deadline;

    GuardedHttpClient(HttpClient shared, Deadline deadline) {
        this.shared = shared;
        this.deadline = deadline;
    }

    /** The handler is not used: the driver asks for text alone. */
    @Override
    public <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> unused) throws IOException {
        LimitedBody answer = new LimitedBody(MOST_BYTES);
        CompletableFuture<HttpResponse<byte[]>> exchange = shared.sendAsync(request, head -> answer);
        try {
            HttpResponse<byte[]> response = exchange.get(deadline.nanosLeft(), TimeUnit.NANOSECONDS);
            @SuppressWarnings("unchecked") // T is String: see above
            T text = (T) ascii(response.body());
            return new Guarded<>(response, text);
        } catch (TimeoutException e) {
            exchange.cancel(true);
            throw new HttpTimeoutException("no whole answer in time");
        } catch (InterruptedException e) {
            exchange.cancel(true);
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } finally {
            answer.wipe();
        }
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(
            HttpRequest request, HttpResponse.BodyHandler<T> responseBodyHandler) {
        throw new UnsupportedOperationException("the driver sends and waits");
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(
            HttpRequest request,
            HttpResponse.BodyHandler<T> responseBodyHandler,
            HttpResponse.@Nullable PushPromiseHandler<T> pushPromiseHandler) {
        throw new UnsupportedOperationException("the driver sends and waits");
    }

    /** The body as text whose characters are all ASCII: in JSON, others stand inside strings, where an escape is the same. */
    private static String ascii(byte[] body) throws CharacterCodingException {
        String text = StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(body))
                .toString();
        StringBuilder escaped = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                escaped.append(c);
            } else {
                escaped.append(String.format("\\u%04x", (int) c));
            }
        }
        return escaped.toString();
    }

    /** A response with another body. */
    private static final class Guarded<T> implements HttpResponse<T> {
        private final HttpResponse<?> response;
        private final T body;

        Guarded(HttpResponse<?> response, T body) {
            this.response = response;
            this.body = body;
        }

        @Override
        public int statusCode() {
            return response.statusCode();
        }

        @Override
        public HttpRequest request() {
            return response.request();
        }

        @Override
        public Optional<HttpResponse<T>> previousResponse() {
            return Optional.empty();
        }

        @Override
        public HttpHeaders headers() {
            return response.headers();
        }

        @Override
        public T body() {
            return body;
        }

        @Override
        public Optional<javax.net.ssl.SSLSession> sslSession() {
            return response.sslSession();
        }

        @Override
        public URI uri() {
            return response.uri();
        }

        @Override
        public Version version() {
            return response.version();
        }
    }

    @Override
    public Optional<CookieHandler> cookieHandler() {
        return shared.cookieHandler();
    }

    @Override
    public Optional<Duration> connectTimeout() {
        return shared.connectTimeout();
    }

    @Override
    public Redirect followRedirects() {
        return shared.followRedirects();
    }

    @Override
    public Optional<ProxySelector> proxy() {
        return shared.proxy();
    }

    @Override
    public SSLContext sslContext() {
        return shared.sslContext();
    }

    @Override
    public SSLParameters sslParameters() {
        return shared.sslParameters();
    }

    @Override
    public Optional<Authenticator> authenticator() {
        return shared.authenticator();
    }

    @Override
    public Version version() {
        return shared.version();
    }

    @Override
    public Optional<Executor> executor() {
        return shared.executor();
    }
}
