package io.sealwright.examples.keyring;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** The key server that the example talks to, on the JDK's own HTTP server: wraps by AES-GCM, and misbehaves when told so. */
final class KeyringServer implements AutoCloseable {
    static final String TOKEN = "keyring-token-of-the-test";

    private static final SecureRandom RANDOM = new SecureRandom();

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final Map<String, List<byte[]>> keys = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final int port;
    private HttpServer server;
    private volatile @Nullable Situation situation;
    private volatile CountDownLatch recovered = new CountDownLatch(1);

    KeyringServer() {
        server = listen(0);
        port = server.getAddress().getPort();
        for (String name : List.of("app", "other")) {
            keys.put(name, new CopyOnWriteArrayList<>(List.of(random(32))));
        }
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    /** The paths of the requests so far. */
    List<String> asked() {
        return asked;
    }

    /** A key as an application configures it. */
    MasterKey key(String name) {
        Variables variables = TestSettings.variables("KEYRING_ADDR", address(), "KEYRING_TOKEN", TOKEN);
        return new KeyringProvider().open(MasterKeyUri.parse("keyring://" + name), TestSettings.with(variables));
    }

    private HttpServer listen(int at) {
        HttpServer made;
        try {
            made = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        made.createContext("/v1/keys/", this::handle);
        made.setExecutor(threads);
        made.start();
        return made;
    }

    void bringAbout(Situation wanted) {
        situation = wanted;
        if (wanted == Situation.UNREACHABLE) {
            server.stop(0);
        }
    }

    void recover() {
        Situation before = situation;
        situation = null;
        recovered.countDown();
        recovered = new CountDownLatch(1);
        if (before == Situation.UNREACHABLE) {
            server = listen(port);
        }
    }

    private void handle(HttpExchange exchange) {
        try (exchange) {
            // No connection outlives its call, so that none that died is used again.
            exchange.getResponseHeaders().set("Connection", "close");
            byte[] body = exchange.getRequestBody().readAllBytes();
            Situation now = situation;
            asked.add(exchange.getRequestURI().getPath());
            if (now == null) {
                serve(exchange, body);
            } else {
                misbehave(exchange, now);
            }
        } catch (IOException e) {
            // The client has gone.
        }
    }

    private void misbehave(HttpExchange exchange, Situation now) throws IOException {
        switch (now) {
            case DISABLED, PENDING_DELETION -> own(exchange, 409, now.name());
            case DELETED -> own(exchange, 404, "NO_SUCH_KEY");
            case DENIED -> own(exchange, 403, "DENIED");
            case DEAD_CREDENTIALS -> own(exchange, 401, "BAD_TOKEN");
            case THROTTLED -> own(exchange, 429, "TOO_MANY");
            case SERVER_ERROR -> exchange.sendResponseHeaders(500, -1);
            case BARE_FORBIDDEN -> exchange.sendResponseHeaders(403, -1);
            case BARE_NOT_FOUND -> exchange.sendResponseHeaders(404, -1);
            case FOREIGN_PAGE -> send(exchange, 200, "text/html", "<html>Please log in</html>".getBytes(UTF_8));
            case CUT_ANSWER -> {
                exchange.getResponseHeaders().set("Content-Type", "application/x-keyring");
                exchange.sendResponseHeaders(200, 100);
                exchange.getResponseBody().write(new byte[10]);
                exchange.getResponseBody().flush();
            }
            case RESET, UNREACHABLE -> {
                // Closed without a word.
            }
            case SILENT -> await();
            case DRIPPING -> {
                exchange.getResponseHeaders().set("Content-Type", "application/x-keyring");
                exchange.sendResponseHeaders(200, 10_000);
                OutputStream out = exchange.getResponseBody();
                CountDownLatch until = recovered;
                while (until.getCount() > 0) {
                    out.write(0);
                    out.flush();
                    pause(until, 100);
                }
            }
        }
    }

    private static final java.nio.charset.Charset UTF_8 = StandardCharsets.UTF_8;

    private void await() {
        pause(recovered, 60_000);
    }

    private static void pause(CountDownLatch until, long millis) {
        try {
            boolean unused = until.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(HttpExchange exchange, byte[] body) throws IOException {
        if (!("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            own(exchange, 401, "BAD_TOKEN");
            return;
        }
        String[] path = exchange.getRequestURI().getPath().split("/");
        List<byte[]> versions = keys.get(path[3]);
        if (versions == null) {
            own(exchange, 404, "NO_SUCH_KEY");
            return;
        }
        // Purpose (1 byte), length of the context (2), context, payload.
        int bound = 3 + Short.toUnsignedInt(ByteBuffer.wrap(body).getShort(1));
        byte[] associated = Arrays.copyOf(body, bound);
        byte[] payload = Arrays.copyOfRange(body, bound, body.length);
        switch (path[4]) {
            case "wrap" -> send(exchange, 200, "application/x-keyring", wrap(versions, associated, payload));
            case "unwrap" -> {
                byte[] key = unwrap(versions, associated, payload);
                if (key == null) {
                    own(exchange, 400, "INVALID");
                } else {
                    send(exchange, 200, "application/x-keyring", key);
                }
            }
            case "rotate", "version" -> {
                if (path[4].equals("rotate")) {
                    versions.add(random(32));
                }
                byte[] number = ByteBuffer.allocate(4).putInt(versions.size()).array();
                send(exchange, 200, "application/x-keyring", number);
            }
            default -> own(exchange, 404, "NO_SUCH_CALL");
        }
    }

    private static byte[] wrap(List<byte[]> versions, byte[] associated, byte[] key) {
        byte[] iv = random(12);
        byte[] sealed = cipher(Cipher.ENCRYPT_MODE, versions.get(versions.size() - 1), iv, associated, key);
        return ByteBuffer.allocate(16 + sealed.length)
                .putInt(versions.size())
                .put(iv)
                .put(sealed)
                .array();
    }

    private static byte @Nullable [] unwrap(List<byte[]> versions, byte[] associated, byte[] wrap) {
        int version = wrap.length < 32 ? 0 : ByteBuffer.wrap(wrap).getInt();
        if (version < 1 || version > versions.size()) {
            return null;
        }
        try {
            return cipher(
                    Cipher.DECRYPT_MODE,
                    versions.get(version - 1),
                    Arrays.copyOfRange(wrap, 4, 16),
                    associated,
                    Arrays.copyOfRange(wrap, 16, wrap.length));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static byte[] cipher(int mode, byte[] key, byte[] iv, byte[] associated, byte[] in) {
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
            cipher.updateAAD(associated);
            return cipher.doFinal(in);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("it does not open", e);
        }
    }

    private static void own(HttpExchange exchange, int status, String code) throws IOException {
        send(exchange, status, "application/x-keyring", code.getBytes(UTF_8));
    }

    private static void send(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    @Override
    public void close() {
        recover();
        server.stop(0);
        threads.shutdownNow();
    }
}
