package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.Json;
import io.github.jopenlibs.vault.json.JsonObject;
import io.github.jopenlibs.vault.json.JsonValue;
import io.sealwright.kms.testbed.Scripts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * The real OpenBao server: raft storage on disk, unsealing by itself, on free ports of this machine; one a test JVM,
 * started when a test first asks for it and stopped with the JVM. Tests get it as a parameter by
 * {@code @ExtendWith(OpenBao.Extension.class)}. What a test does to it (kill, stall, seal), it undoes.
 */
final class OpenBao {
    private static final Duration READY = Duration.ofSeconds(60);
    private static @Nullable OpenBao shared; // guarded by the class
    private static @Nullable String missing; // guarded by the class

    private final Path folder;
    private final Path program;
    private final int port;
    private final int tlsPort;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private Process process;
    private String rootToken = "";

    /** Gives tests the server; without one they are skipped, aloud, or fail if it is required. */
    static final class Extension implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == OpenBao.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return shared();
        }
    }

    private OpenBao(Path program) throws IOException {
        this.program = program;
        this.folder = Files.createTempDirectory("openbao");
        this.port = freePort();
        this.tlsPort = freePort();
        Files.createDirectory(folder.resolve("data"));
        byte[] seal = new byte[32];
        new SecureRandom().nextBytes(seal);
        Files.write(folder.resolve("seal.key"), seal);
        TlsFiles tls = TlsFiles.in(folder);
        Files.writeString(folder.resolve("server.hcl"), """
                storage "raft" {
                  path = "%1$s/data"
                  node_id = "one"
                  performance_multiplier = 1
                }
                listener "tcp" {
                  address = "127.0.0.1:%2$d"
                  cluster_address = "127.0.0.1:%3$d"
                  tls_disable = true
                }
                listener "tcp" {
                  address = "127.0.0.1:%4$d"
                  cluster_address = "127.0.0.1:%3$d"
                  tls_cert_file = "%5$s"
                  tls_key_file = "%6$s"
                  tls_client_ca_file = "%7$s"
                  tls_require_and_verify_client_cert = true
                }
                seal "static" {
                  current_key_id = "k1"
                  current_key = "file://%1$s/seal.key"
                }
                api_addr = "http://127.0.0.1:%2$d"
                cluster_addr = "http://127.0.0.1:%3$d"
                """.formatted(
                folder, port, freePort(), tlsPort, tls.serverCertificate(), tls.serverKey(), tls.clientCertificate()));
        launch();
        await(status -> status == 501 || status == 200);
        JsonObject keys = call("PUT", "sys/init", "{\"recovery_shares\":1,\"recovery_threshold\":1}", "")
                .body();
        rootToken = keys.getString("root_token");
        await(status -> status == 200);
    }

    /** The one of this JVM. */
    static synchronized OpenBao shared() {
        OpenBao there = shared;
        if (there == null) {
            if (missing == null) {
                try {
                    there = new OpenBao(install());
                    shared = there;
                    Runtime.getRuntime().addShutdownHook(new Thread(there::remove));
                    String version =
                            there.call("GET", "sys/health", null, "").body().getString("version");
                    note("used, " + version + ", real server, raft storage");
                    return there;
                } catch (IOException | IllegalStateException e) {
                    missing = "OpenBao cannot be had: " + e.getMessage();
                    note("missing, " + e.getMessage());
                }
            }
            if ("required".equals(System.getProperty("kms.testbed"))) {
                throw new AssertionError(missing + " (kms.testbed=required)");
            }
            Assumptions.abort(missing);
        }
        return there;
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    /** The listener that asks for a client certificate. */
    String tlsAddress() {
        return "https://127.0.0.1:" + tlsPort;
    }

    TlsFiles tls() {
        return TlsFiles.at(folder);
    }

    int port() {
        return port;
    }

    /** Whoever has it may do anything: for setting up. */
    String rootToken() {
        return rootToken;
    }

    // ---- what may befall it

    /** kill -9. */
    void kill() throws Exception {
        process.destroyForcibly();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            throw new IllegalStateException("OpenBao does not die");
        }
    }

    /** Starts it again on what is on the disk, and waits until it serves. */
    void restart() throws IOException {
        launch();
        await(status -> status == 200);
    }

    /** SIGSTOP: it takes connections, by its kernel, and answers nothing. */
    void stall() throws Exception {
        signal("STOP");
    }

    /** SIGCONT. */
    void resume() throws Exception {
        signal("CONT");
    }

    /** Seals it; {@link #unseal} starts it again, which unseals it. */
    void seal() throws IOException {
        root("PUT", "sys/seal", null);
        // Its health says so a moment before it stops to answer.
        await("auth/token/lookup-self", status -> status == 503);
    }

    void unseal() throws Exception {
        kill();
        restart();
    }

    // ---- what tests set up

    /** Asks as root; any answer but 200 and 204 is an error. */
    JsonObject root(String method, String path, @Nullable String body) {
        return in("", method, path, body);
    }

    /** {@link #root} in a namespace. */
    JsonObject in(String namespace, String method, String path, @Nullable String body) {
        Reply reply = call(method, path, body, rootToken, namespace);
        if (reply.status() != 200 && reply.status() != 204) {
            throw new IllegalStateException(method + " " + path + ": HTTP " + reply.status() + " " + reply.body());
        }
        return reply.body();
    }

    Reply call(String method, String path, @Nullable String body, String token) {
        return call(method, path, body, token, "");
    }

    /** Mounts an engine or an auth method ({@code auth/approle}) if it is not there yet. */
    void mount(String namespace, String path, String type, String options) {
        boolean auth = path.startsWith("auth/");
        String list = auth ? "sys/auth" : "sys/mounts";
        String name = auth ? path.substring("auth/".length()) : path;
        if (in(namespace, "GET", list, null).get(name + "/") == null) {
            in(namespace, "POST", list + "/" + name, "{\"type\":\"" + type + "\"" + options + "}");
        }
    }

    void policy(String name, String text) {
        root(
                "PUT",
                "sys/policies/acl/" + name,
                Json.object().add("policy", text).toString());
    }

    /** A token of those policies. */
    String token(String ttl, String... policies) {
        return token(ttl, true, policies);
    }

    String token(String ttl, boolean renewable, String... policies) {
        JsonObject body =
                Json.object().add("ttl", ttl).add("renewable", renewable).add("policies", Json.array(policies));
        return root("POST", "auth/token/create", body.toString())
                .get("auth")
                .asObject()
                .getString("client_token");
    }

    void revoke(String token) {
        root("POST", "auth/token/revoke", Json.object().add("token", token).toString());
    }

    /** The text behind {@code ```hcl} of that number in docs/providers/VAULT.md, so that what users copy is what is tested. */
    static String documentedPolicy(int number) {
        try {
            String[] parts = Files.readString(Scripts.top().resolve("docs/providers/VAULT.md"))
                    .split("```hcl\n");
            return parts[number].split("```")[0];
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- inside

    record Reply(int status, JsonObject body) {}

    private Reply call(String method, String path, @Nullable String body, String token, String namespace) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address() + "/v1/" + path))
                .timeout(Duration.ofSeconds(20))
                .header("X-Vault-Request", "true")
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (!token.isEmpty()) {
            request.header("X-Vault-Token", token);
        }
        if (!namespace.isEmpty()) {
            request.header("X-Vault-Namespace", namespace);
        }
        try {
            HttpResponse<String> response =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            JsonValue json = response.body().isBlank() ? Json.object() : Json.parse(response.body());
            return new Reply(response.statusCode(), json.asObject());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void launch() throws IOException {
        process = new ProcessBuilder(program.toString(), "server", "-config=" + folder.resolve("server.hcl"))
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
                .start();
    }

    private void await(java.util.function.IntPredicate wanted) throws IOException {
        await("sys/health", wanted);
    }

    private void await(String path, java.util.function.IntPredicate wanted) throws IOException {
        long end = System.nanoTime() + READY.toNanos();
        while (System.nanoTime() - end < 0) {
            if (!process.isAlive()) {
                throw new IllegalStateException("it ended: " + lastLine());
            }
            try {
                if (wanted.test(call("GET", path, null, path.startsWith("sys/") ? "" : rootToken)
                        .status())) {
                    return;
                }
            } catch (UncheckedIOException e) {
                // not listening yet
            }
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        throw new IllegalStateException("it was not ready after " + READY + ": " + lastLine());
    }

    private String lastLine() throws IOException {
        try (Stream<String> lines = Files.lines(folder.resolve("log"))) {
            return lines.reduce("", (before, line) -> line);
        }
    }

    private void signal(String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    private void remove() {
        process.destroyForcibly();
        try (Stream<Path> files = Files.walk(folder)) {
            process.waitFor(5, TimeUnit.SECONDS);
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException | InterruptedException e) {
            // The folder is in the system's place for what may be deleted.
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static Path install() throws IOException {
        try {
            return Scripts.path("openbao");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void note(String text) {
        String notes = System.getProperty("kms.testbed.notes");
        if (notes != null) {
            try {
                Files.createDirectories(Path.of(notes));
                Files.writeString(Path.of(notes, "OpenBao"), text + "\n");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
