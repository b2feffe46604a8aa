package io.sealwright.kms.testkit.aws;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * AWS KMS, Secrets Manager and Parameter Store (and of STS what a pod needs) on a loopback port, for tests of programs that use them through the real
 * SDK: give its {@link #endpoint} and credentials to a client. Strict where emulators are lenient: signatures are checked,
 * keys keep states, versions and contexts, ciphertexts are real AES-256-GCM, permissions are those of a {@link #policy},
 * and what the vendor's reference calls an error is that error. Knows the operations that key management needs;
 * every other is {@code UnknownOperationException}. One endpoint serves all regions: the signature names the one that is
 * meant.
 *
 * <p>For tests only: all is lost with the process. Safe for concurrent use.
 *
 * @see <a href="https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html">KMS API reference</a>
 * @see <a href="https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html">Secrets Manager API
 *     reference</a>
 * @see <a href="https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html">Systems Manager API
 *     reference</a>
 */
public final class AwsFake implements AutoCloseable {
    /** The account whose everything here is. */
    public static final String ACCOUNT = "111122223333";

    /** The region that methods without one mean. */
    public static final String REGION = "eu-central-1";

    static final String JSON = "application/x-amz-json-1.1";

    private static final String STS = "sts:AssumeRoleWithWebIdentity";
    private static final int MOST_BYTES = 1 << 20;
    private static final String PAGE = "<html><body>Please sign in to the network.</body></html>";
    private static final Set<Situation> OF_KEYS =
            EnumSet.of(Situation.DISABLED, Situation.PENDING_DELETION, Situation.DELETED);

    static {
        // Read once, when the JDK's server is first used: without it each answer waits for the client's delayed ACK.
        if (System.getProperty("sun.net.httpserver.nodelay") == null) {
            System.setProperty("sun.net.httpserver.nodelay", "true");
        }
    }

    /** What every request is answered with. No record, since its body may be what a test calls a secret. */
    private static final class Fixed {
        final int status;
        final String type;
        final byte[] body;

        Fixed(int status, String type, byte[] body) {
            this.status = status;
            this.type = type;
            this.body = body.clone();
        }
    }

    private final InetSocketAddress address;
    private final String accessKey;
    private final String secretKey;
    private final FakeKms kms = new FakeKms();
    private final FakeSecretsManager secrets = new FakeSecretsManager();
    private final FakeParameterStore parameters = new FakeParameterStore();
    private final FakeSecurityTokens tokens = new FakeSecurityTokens();
    private final ExecutorService workers = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "aws-fake");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger held = new AtomicInteger();
    private volatile Duration latency = Duration.ZERO;
    private volatile @Nullable IamPolicy policy;
    private volatile @Nullable Fixed fixed;
    private volatile boolean remembers = true;
    private @Nullable Situation situation; // guarded by this
    private @Nullable HttpServer server; // guarded by this
    private boolean closed; // guarded by this

    /** Starts one on a free port of the loopback interface. */
    public AwsFake() {
        byte[] random = new byte[20];
        new SecureRandom().nextBytes(random);
        secretKey = HexFormat.of().formatHex(random);
        accessKey = "AKIA" + secretKey.substring(0, 16).toUpperCase(java.util.Locale.ROOT);
        HttpServer started = listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        server = started;
        address = started.getAddress();
    }

    private HttpServer listen(InetSocketAddress where) {
        try {
            HttpServer listening = HttpServer.create(where, 200);
            listening.setExecutor(workers);
            listening.createContext("/", this::serve);
            listening.start();
            return listening;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where it listens: for a client's {@code endpointOverride}, or {@code AWS_ENDPOINT_URL}. */
    public URI endpoint() {
        return URI.create("http://" + address.getAddress().getHostAddress() + ":" + address.getPort());
    }

    /** The access key id that it knows. */
    public String accessKey() {
        return accessKey;
    }

    /** Its secret access key; must stand in no error. */
    public String secretKey() {
        return secretKey;
    }

    /** The token of a pod's service account, which its STS gives credentials of a session for. */
    public String webIdentityToken() {
        return tokens.webIdentity();
    }

    /** Keys. */
    public FakeKms kms() {
        return kms;
    }

    /** Secrets of Secrets Manager. */
    public FakeSecretsManager secrets() {
        return secrets;
    }

    /** Parameters of Parameter Store. */
    public FakeParameterStore parameters() {
        return parameters;
    }

    /**
     * Allows from now on what this identity policy allows, and no more; before, everything is allowed.
     *
     * @throws IllegalArgumentException if it has parts that are not known here
     */
    public void policy(String json) {
        policy = new IamPolicy(json);
    }

    /**
     * Puts all services into a situation of the line or the caller, until {@link #recover}. States of single keys are
     * brought about by {@link FakeKms}.
     */
    public void bringAbout(Situation now) {
        if (OF_KEYS.contains(now)) {
            throw new IllegalArgumentException(now + " is a state of a key: see kms()");
        }
        HttpServer stopped = null;
        synchronized (this) {
            situation = now;
            notifyAll();
            if (now == Situation.UNREACHABLE) {
                stopped = server;
                server = null;
            }
        }
        if (stopped != null) {
            stopped.stop(0);
        }
    }

    /** Answers every request with this, until {@link #recover}. */
    public void answer(int status, String contentType, byte[] body) {
        fixed = new Fixed(status, contentType, body);
    }

    /** Answers every request with an error of AWS's form, until {@link #recover}. */
    public void refuse(int status, String code, String message) {
        answer(
                status,
                JSON,
                Json.text(Json.of("__type", code, "message", message)).getBytes(StandardCharsets.UTF_8));
    }

    /** Answers each request so much later, until {@link #recover}. */
    public void slow(Duration by) {
        latency = by;
    }

    /** Ends all of that but a {@link #policy}; requests that were held go on. */
    public synchronized void recover() {
        latency = Duration.ZERO;
        fixed = null;
        situation = null;
        notifyAll();
        if (!closed && server == null) {
            server = listen(address);
        }
    }

    /** How many requests of an action, as {@code kms:Decrypt}, were read, whatever became of them. */
    public int calls(String action) {
        AtomicInteger count = calls.get(action);
        return count == null ? 0 : count.get();
    }

    /** How many requests were read in all. */
    public int calls() {
        return calls.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    /** The actions of all requests since the start or {@link #forget}, in order. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    /** Forgets the requests so far, and counts from nought. */
    public void forget() {
        calls.clear();
        requests.clear();
    }

    /** Whether {@link #requests} is kept; for very many, switch it off. */
    public void remember(boolean all) {
        remembers = all;
    }

    /** How many requests are held now. */
    public int held() {
        return held.get();
    }

    @Override
    public void close() {
        HttpServer stopped;
        synchronized (this) {
            closed = true;
            situation = null;
            stopped = server;
            server = null;
            notifyAll();
        }
        if (stopped != null) {
            stopped.stop(0);
        }
        workers.shutdownNow();
    }

    // ---- requests

    private void serve(HttpExchange exchange) {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readNBytes(MOST_BYTES);
            String action = action(exchange);
            calls.computeIfAbsent(action, a -> new AtomicInteger()).incrementAndGet();
            if (remembers) {
                requests.add(action);
            }
            if (!latency.isZero()) {
                TimeUnit.NANOSECONDS.sleep(latency.toNanos());
            }
            Situation now = situation();
            if (now == Situation.SILENT) {
                hold();
                now = situation();
            }
            Fixed answer = fixed;
            if (answer != null) {
                send(exchange, answer.status, answer.type, answer.body);
            } else if (now == null) {
                respond(exchange, body);
            } else {
                misbehave(exchange, now, body);
            }
        } catch (IOException e) {
            // The client went away, or a test cut the line.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized @Nullable Situation situation() {
        return situation;
    }

    private void misbehave(HttpExchange exchange, Situation now, byte[] body) throws IOException, InterruptedException {
        switch (now) {
            case DENIED ->
                error(
                        exchange,
                        new AwsError(
                                "AccessDeniedException",
                                "User: arn:aws:iam::" + ACCOUNT + ":user/test is not authorized to perform: "
                                        + action(exchange)
                                        + " because no identity-based policy allows the action"));
            case DEAD_CREDENTIALS ->
                error(
                        exchange,
                        new AwsError("ExpiredTokenException", "The security token included in the request is expired"));
            case THROTTLED -> error(exchange, new AwsError("ThrottlingException", "Rate exceeded"));
            case SERVER_ERROR -> send(exchange, 500, "text/plain", new byte[0]);
            case BARE_FORBIDDEN -> send(exchange, 403, "text/plain", new byte[0]);
            case BARE_NOT_FOUND -> send(exchange, 404, "text/plain", new byte[0]);
            case FOREIGN_PAGE -> send(exchange, 200, "text/html", PAGE.getBytes(StandardCharsets.UTF_8));
            case CUT_ANSWER -> cut(exchange, body);
            case RESET, UNREACHABLE -> exchange.close();
            case DRIPPING -> drip(exchange);
            case SILENT, DISABLED, PENDING_DELETION, DELETED -> throw new IllegalStateException(now.name());
        }
    }

    /** Holds a request until the situation changes. */
    private synchronized void hold() throws InterruptedException {
        held.incrementAndGet();
        try {
            while (situation == Situation.SILENT) {
                wait();
            }
        } finally {
            held.decrementAndGet();
        }
    }

    private void drip(HttpExchange exchange) throws IOException, InterruptedException {
        exchange.getResponseHeaders().set("Content-Type", JSON);
        exchange.sendResponseHeaders(200, 1 << 20);
        OutputStream out = exchange.getResponseBody();
        held.incrementAndGet();
        try {
            while (situation() == Situation.DRIPPING) {
                out.write(' ');
                out.flush();
                TimeUnit.MILLISECONDS.sleep(50);
            }
        } finally {
            held.decrementAndGet();
        }
    }

    /** The right answer, half of it. */
    private void cut(HttpExchange exchange, byte[] body) throws IOException {
        byte[] whole;
        try {
            whole = result(exchange, body);
        } catch (AwsError e) {
            whole = Json.text(Json.of("__type", e.code())).getBytes(StandardCharsets.UTF_8);
        }
        exchange.getResponseHeaders().set("Content-Type", JSON);
        exchange.sendResponseHeaders(200, whole.length);
        exchange.getResponseBody().write(Arrays.copyOf(whole, whole.length / 2));
        exchange.getResponseBody().flush();
    }

    private static void send(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    private static void error(HttpExchange exchange, AwsError error) throws IOException {
        exchange.getResponseHeaders().set("x-amzn-RequestId", UUID.randomUUID().toString());
        send(
                exchange,
                error.status(),
                JSON,
                Json.text(Json.of("__type", error.code(), "message", error.getMessage()))
                        .getBytes(StandardCharsets.UTF_8));
    }

    // ---- what a working AWS answers

    private void respond(HttpExchange exchange, byte[] body) throws IOException {
        byte[] answer;
        try {
            if (action(exchange).equals(STS)) {
                send(exchange, 200, "text/xml", tokens.answer(body).getBytes(StandardCharsets.UTF_8));
                return;
            }
            answer = result(exchange, body);
        } catch (AwsError e) {
            if (action(exchange).equals(STS)) {
                byte[] xml = FakeSecurityTokens.error(e).getBytes(StandardCharsets.UTF_8);
                send(exchange, e.status(), "text/xml", xml);
            } else {
                error(exchange, e);
            }
            return;
        }
        exchange.getResponseHeaders().set("x-amzn-RequestId", UUID.randomUUID().toString());
        send(exchange, 200, JSON, answer);
    }

    /** The service and operation that {@code X-Amz-Target} names, as {@code kms:Decrypt}; or the target itself. */
    private static String action(HttpExchange exchange) {
        String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
        if (target == null) {
            String type = exchange.getRequestHeaders().getFirst("Content-Type");
            if (type != null && type.startsWith("application/x-www-form-urlencoded")) {
                return STS;
            }
            return exchange.getRequestMethod() + " " + exchange.getRequestURI().getRawPath();
        }
        return target.replaceFirst("^TrentService\\.", "kms:")
                .replaceFirst("^secretsmanager\\.", "secretsmanager:")
                .replaceFirst("^AmazonSSM\\.", "ssm:");
    }

    private byte[] result(HttpExchange exchange, byte[] body) throws AwsError {
        String[] action = action(exchange).split(":", 2);
        if (action.length != 2 || !exchange.getRequestMethod().equals("POST")) {
            throw new AwsError("UnknownOperationException", 404, "");
        }
        Signature signature = Signature.of(exchange.getRequestHeaders());
        FakeSecurityTokens.Session session = tokens.session(signature.accessKey());
        String token = exchange.getRequestHeaders().getFirst("X-Amz-Security-Token");
        boolean known = session == null
                ? signature.accessKey().equals(accessKey) && token == null
                : session.token.equals(token);
        if (!known) {
            throw new AwsError("UnrecognizedClientException", "The security token included in the request is invalid.");
        }
        signature.check(
                session == null ? secretKey : session.secretKey,
                exchange.getRequestMethod(),
                exchange.getRequestURI(),
                exchange.getRequestHeaders(),
                body);
        if (!signature.service().equals(action[0])) {
            throw new AwsError(
                    "InvalidSignatureException", "Credential should be scoped to correct service: " + action[0]);
        }
        AwsRequest request;
        try {
            Map<String, Object> parameters = Json.object(new String(body, StandardCharsets.UTF_8));
            request = new AwsRequest(action[0], action[1], signature.region(), parameters);
        } catch (IllegalArgumentException e) {
            throw new AwsError("SerializationException", "The body is no JSON object");
        }
        Permissions permissions = new Permissions(request, policy);
        Map<String, Object> answer = switch (action[0]) {
            case "kms" -> kms.answer(request, permissions);
            case "secretsmanager" -> secrets.answer(request, permissions);
            case "ssm" -> parameters.answer(request, permissions);
            default -> throw new AwsError("UnknownOperationException", 404, "");
        };
        return Json.text(answer).getBytes(StandardCharsets.UTF_8);
    }

    /** What the caller of one request may. */
    static final class Permissions {
        private final AwsRequest request;
        private final @Nullable IamPolicy policy;

        Permissions(AwsRequest request, @Nullable IamPolicy policy) {
            this.request = request;
            this.policy = policy;
        }

        void demand(String resource, Map<String, String> conditions) throws AwsError {
            demand(request.action(), resource, conditions);
        }

        void demand(String action, String resource, Map<String, String> conditions) throws AwsError {
            if (policy != null && !policy.allows(action, resource, conditions)) {
                throw new AwsError(
                        "AccessDeniedException",
                        "User: arn:aws:iam::" + ACCOUNT + ":user/test is not authorized to perform: " + action
                                + " on resource: " + resource
                                + " because no identity-based policy allows the action");
            }
        }
    }

    @Override
    public String toString() {
        return "AwsFake[" + endpoint() + "]";
    }
}
