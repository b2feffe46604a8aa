package io.sealwright.kms.cli;

import io.sealwright.kms.testbed.Notes;
import io.sealwright.kms.testbed.Scripts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The real OpenBao with everything in memory, unsealed, with a KV engine at {@code secret} and a transit engine. */
final class DevBao implements AutoCloseable {
    static final String TOKEN = "root-of-a-test";

    private static final Duration READY = Duration.ofSeconds(60);

    private final Process process;
    private final int port;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    private DevBao(Path program, Path folder) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        ProcessBuilder builder = new ProcessBuilder(
                        program.toString(),
                        "server",
                        "-dev",
                        "-dev-no-store-token",
                        "-dev-root-token-id=" + TOKEN,
                        "-dev-listen-address=127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("bao.log").toFile());
        builder.environment().put("HOME", folder.toString());
        process = builder.start();
    }

    /**
     * Starts it; or ends the test, if there can be none.
     *
     * @param folder for its log
     */
    static DevBao start(Path folder) {
        try {
            DevBao bao = new DevBao(Scripts.path("openbao"), folder);
            try {
                bao.prepare();
            } catch (Exception | Error e) {
                bao.close();
                throw e;
            }
            Notes.used("OpenBao", "real server, in memory");
            return bao;
        } catch (Exception e) {
            throw Notes.missing("OpenBao", String.valueOf(e.getMessage()), e);
        }
    }

    private void prepare() throws Exception {
        long end = System.nanoTime() + READY.toNanos();
        while (!serves()) {
            if (!process.isAlive() || System.nanoTime() - end > 0) {
                throw new IllegalStateException("it does not start");
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        ask("POST", "sys/mounts/transit", "{\"type\":\"transit\"}");
    }

    /** Whether the KV engine, which is made last, is there. */
    private boolean serves() throws InterruptedException {
        try {
            return status("GET", "secret/config", "") == 200;
        } catch (IOException e) {
            return false;
        }
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    /** Asks as root. */
    void ask(String method, String path, String body) throws IOException, InterruptedException {
        int status = status(method, path, body);
        if (status != 200 && status != 204) {
            throw new IllegalStateException(method + " " + path + ": HTTP " + status);
        }
    }

    /** What it answers root. */
    int status(String method, String path, String body) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(URI.create(address() + "/v1/" + path))
                                .timeout(Duration.ofSeconds(20))
                                .header("X-Vault-Token", TOKEN)
                                .method(method, HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    /** Kills it: whatever it had is gone. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
