package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.github.jopenlibs.vault.VaultConfig;
import io.github.jopenlibs.vault.json.Json;
import io.github.jopenlibs.vault.json.JsonObject;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Every way to log in, and how a token is kept alive, against the real OpenBao. */
@ExtendWith(OpenBao.Extension.class)
@Timeout(120)
class VaultAuthTest {
    private static final WrapBinding BINDING = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());
    private static final String POLICY = "auth-test";

    @TempDir
    Path folder;

    private final OpenBao bao;
    private final FaultyProxy proxy;

    VaultAuthTest(OpenBao bao) {
        this.bao = bao;
        this.proxy = new FaultyProxy(bao.port());
    }

    @BeforeEach
    void prepare() {
        bao.mount("", "transit", "transit", "");
        bao.root("POST", "transit/keys/auth", "{}");
        bao.policy(POLICY, OpenBao.documentedPolicy(1).replace("/app", "/auth"));
        bao.mount("", "auth/approle", "approle", "");
        bao.mount("", "auth/userpass", "userpass", "");
    }

    @AfterEach
    void close() {
        proxy.close();
    }

    private MasterKey key(VaultAuth auth) {
        return VaultKeys.masterKey(
                VaultOptions.builder().address(proxy.address()).auth(auth).build(), "transit/auth");
    }

    private void works(VaultAuth auth) {
        try (MasterKey key = key(auth)) {
            key.generate(BINDING).close();
        }
    }

    private VaultAuth appRole(String role, String ttl, String more) {
        bao.root(
                "POST",
                "auth/approle/role/" + role,
                "{\"token_policies\":\"" + POLICY + "\",\"token_ttl\":\"" + ttl + "\"" + more + "}");
        String roleId = data(bao.root("GET", "auth/approle/role/" + role + "/role-id", null), "role_id");
        String secretId = data(bao.root("POST", "auth/approle/role/" + role + "/secret-id", null), "secret_id");
        return VaultAuth.appRole(roleId, secretId);
    }

    private static String data(JsonObject answer, String name) {
        return answer.get("data").asObject().getString(name);
    }

    @Test
    void token_givenOrInAFile_works() throws Exception {
        String token = bao.token("10m", POLICY);
        works(VaultAuth.token(token));
        works(VaultAuth.tokenFile(Files.writeString(folder.resolve("token"), token + "\n")));
    }

    @Test
    void appRole_secretGivenOrInAFile_works() throws Exception {
        works(appRole("one", "10m", ""));
        String roleId = data(bao.root("GET", "auth/approle/role/one/role-id", null), "role_id");
        String secretId = data(bao.root("POST", "auth/approle/role/one/secret-id", null), "secret_id");
        works(VaultAuth.appRole(roleId, Files.writeString(folder.resolve("secret"), secretId + "\n")));
    }

    @Test
    void userpass_passwordBeyondAscii_works() throws Exception {
        String password = "pä55 \"wörd\" \uD83D\uDD11";
        String user = Json.object()
                .add("password", password)
                .add("token_policies", POLICY)
                .toString();
        bao.root("POST", "auth/userpass/users/carol", user);
        works(VaultAuth.userpass("carol", password));
        works(VaultAuth.userpass("carol", Files.writeString(folder.resolve("password"), password + "\n")));
    }

    @Test
    void otherMount_isUsed() {
        bao.mount("", "auth/people/staff", "userpass", "");
        bao.root("POST", "auth/people/staff/users/dan", "{\"password\":\"pw\",\"token_policies\":\"" + POLICY + "\"}");
        works(VaultAuth.userpass("dan", "pw").mount("people/staff"));
        assertThat(proxy.requests()).contains("POST /v1/auth/people/staff/login/dan");
    }

    @Test
    void jwt_signedByTheKeyThatTheServerTrusts_works() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        String pem = "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(pair.getPublic().getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
        bao.mount("", "auth/jwt", "jwt", "");
        bao.root(
                "POST",
                "auth/jwt/config",
                Json.object().add("jwt_validation_pubkeys", Json.array(pem)).toString());
        bao.root(
                "POST",
                "auth/jwt/role/app",
                "{\"role_type\":\"jwt\",\"user_claim\":\"sub\",\"bound_audiences\":[\"kms\"],\"token_policies\":[\""
                        + POLICY + "\"]}");
        Path file = Files.writeString(folder.resolve("jwt"), jwt(pair, "kms") + "\n");
        works(VaultAuth.jwt("app", file));
        Files.writeString(file, jwt(pair, "somebody else"));
        assertThatThrownBy(() -> works(VaultAuth.jwt("app", file)))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("does not accept the credentials");
    }

    private static String jwt(KeyPair pair, String audience) throws Exception {
        long now = Instant.now().getEpochSecond();
        String claims = "{\"sub\":\"app\",\"aud\":\"" + audience + "\",\"iat\":" + now + ",\"nbf\":" + now + ",\"exp\":"
                + (now + 300) + "}";
        String signed = url("{\"alg\":\"RS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8)) + "."
                + url(claims.getBytes(StandardCharsets.UTF_8));
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(pair.getPrivate());
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + url(signature.sign());
    }

    private static String url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The method is the real one; the cluster that reviews the pod's token is a fake of the TokenReview call alone. */
    @Test
    void kubernetes_podTokenThatTheClusterVouchesFor_works() throws Exception {
        HttpServer cluster = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        cluster.createContext("/apis/authentication.k8s.io/v1/tokenreviews", exchange -> {
            String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            boolean known = asked.contains(POD_TOKEN);
            byte[] review =
                    ("{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"status\":{\"authenticated\":"
                                    + known
                                    + ",\"user\":{\"username\":\"system:serviceaccount:shop:orders\",\"uid\":\"u1\","
                                    + "\"groups\":[\"system:serviceaccounts\"]}}}")
                            .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(201, review.length);
            exchange.getResponseBody().write(review);
            exchange.close();
        });
        cluster.start();
        try {
            bao.mount("", "auth/kubernetes", "kubernetes", "");
            bao.root(
                    "POST",
                    "auth/kubernetes/config",
                    Json.object()
                            .add(
                                    "kubernetes_host",
                                    "http://127.0.0.1:" + cluster.getAddress().getPort())
                            .add(
                                    "kubernetes_ca_cert",
                                    Files.readString(bao.tls().serverCertificate()))
                            .add("disable_local_ca_jwt", true)
                            .add("token_reviewer_jwt", POD_TOKEN)
                            .toString());
            bao.root(
                    "POST",
                    "auth/kubernetes/role/app",
                    "{\"bound_service_account_names\":[\"orders\"],\"bound_service_account_namespaces\":[\"shop\"],"
                            + "\"token_policies\":[\"" + POLICY + "\"]}");
            works(VaultAuth.kubernetes("app", Files.writeString(folder.resolve("pod"), POD_TOKEN)));
        } finally {
            cluster.stop(0);
        }
    }

    private static final String POD_TOKEN = podToken();

    private static String podToken() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            KeyPair pair = generator.generateKeyPair();
            long now = Instant.now().getEpochSecond();
            String claims =
                    "{\"iss\":\"kubernetes/serviceaccount\",\"kubernetes.io/serviceaccount/namespace\":\"shop\","
                            + "\"kubernetes.io/serviceaccount/secret.name\":\"orders-token\","
                            + "\"kubernetes.io/serviceaccount/service-account.name\":\"orders\","
                            + "\"kubernetes.io/serviceaccount/service-account.uid\":\"u1\","
                            + "\"sub\":\"system:serviceaccount:shop:orders\",\"iat\":" + now + ",\"nbf\":" + now
                            + ",\"exp\":"
                            + (now + 3600) + "}";
            String signed = url("{\"alg\":\"RS256\"}".getBytes(StandardCharsets.UTF_8)) + "."
                    + url(claims.getBytes(StandardCharsets.UTF_8));
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(pair.getPrivate());
            signature.update(signed.getBytes(StandardCharsets.US_ASCII));
            return signed + "." + url(signature.sign());
        } catch (java.security.GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void driversConfiguration_tokenIsLive() throws Exception {
        String first = bao.token("10m", POLICY);
        VaultConfig config = new VaultConfig()
                .address(proxy.address())
                .token(first)
                .httpClient(HttpClient.newHttpClient())
                .build();
        try (MasterKey key = VaultKeys.masterKey(config, "transit/auth")) {
            key.generate(BINDING).close();
            bao.revoke(first);
            config.token(bao.token("10m", POLICY));
            key.generate(BINDING).close();
        }
    }

    @Test
    void driversConfiguration_clientThatFollowsRedirects_isRefused() throws Exception {
        VaultConfig config = new VaultConfig()
                .address(proxy.address())
                .token("t")
                .httpClient(HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NORMAL)
                        .build())
                .build();
        assertThatThrownBy(() -> VaultKeys.of(config))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("redirects");
    }

    // ---- dead, denied, renewed

    @Test
    void generate_tokenRevoked_logsInAnewAndRepeats() {
        VaultAuth auth = appRole("revoked", "10m", "");
        try (MasterKey key = key(auth)) {
            key.generate(BINDING).close();
            bao.root("POST", "auth/token/revoke-accessor", "{\"accessor\":\"" + newestAccessor("auth/approle") + "\"}");
            key.generate(BINDING).close();
            assertThat(proxy.count("/login")).isEqualTo(2);
            assertThat(proxy.count("lookup-self")).isEqualTo(1);
        }
    }

    /** The newest token that the path gave out. */
    private String newestAccessor(String path) {
        String newest = "";
        long at = -1;
        for (var accessor : bao.root("LIST", "auth/token/accessors", null)
                .get("data")
                .asObject()
                .get("keys")
                .asArray()) {
            OpenBao.Reply reply = bao.call(
                    "POST",
                    "auth/token/lookup-accessor",
                    "{\"accessor\":\"" + accessor.asString() + "\"}",
                    bao.rootToken());
            if (reply.status() == 200) {
                JsonObject data = reply.body().get("data").asObject();
                Instant issued = Instant.parse(data.getString("issue_time", "1970-01-01T00:00:00Z"));
                long nanos = issued.getEpochSecond() * 1_000_000_000L + issued.getNano();
                if (data.getString("path").startsWith(path) && nanos > at) {
                    at = nanos;
                    newest = accessor.asString();
                }
            }
        }
        return newest;
    }

    @Test
    void generate_tokenDeadAndNoOther_throwsUnavailableNeverDenied() {
        String token = bao.token("10m", POLICY);
        try (MasterKey key = key(VaultAuth.token(token))) {
            key.generate(BINDING).close();
            bao.revoke(token);
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> key.generate(BINDING))
                        .isInstanceOf(UnavailableException.class)
                        .hasMessageContaining("does not accept the credentials")
                        .hasMessageNotContaining(token);
            }
            assertThat(proxy.count("lookup-self"))
                    .as("the first one, the one that told it dead, and one that was refused")
                    .isLessThanOrEqualTo(3);
        }
    }

    @Test
    void generate_tokenAliveAndNotPermitted_throwsDenied() {
        String token = bao.token("10m", "default");
        try (MasterKey key = key(VaultAuth.token(token))) {
            assertThatThrownBy(() -> key.generate(BINDING))
                    .isInstanceOf(PermissionDeniedException.class)
                    .hasMessageContaining("'read' on transit/keys/auth");
        }
    }

    @Test
    void generate_deniedWhileTheQuestionWhetherItLivesHasNoAnswer_throwsUnavailable() {
        String token = bao.token("10m", "default");
        try (MasterKey key = key(VaultAuth.token(token))) {
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(PermissionDeniedException.class);
            proxy.change(request -> request.startsWith("GET /v1/auth/token/lookup-self")
                    ? request.replace("/v1/auth", "/ui/nothing")
                    : request);
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
        }
    }

    @Test
    void manyThreads_noToken_logInOnce() throws Exception {
        try (MasterKey key = key(appRole("herd", "10m", ""))) {
            List<Object> outcomes = together(16, () -> {
                key.generate(BINDING).close();
                return "made";
            });
            assertThat(outcomes).containsOnly("made");
            assertThat(proxy.count("/login")).isEqualTo(1);
        }
    }

    @Test
    void manyThreads_credentialsRefused_askOnceAndPause() throws Exception {
        VaultAuth wrong = VaultAuth.appRole("nobody", "nothing");
        try (MasterKey key = key(wrong)) {
            List<Object> outcomes = together(16, () -> {
                try {
                    key.generate(BINDING).close();
                    return "made";
                } catch (UnavailableException e) {
                    return "refused";
                }
            });
            assertThat(outcomes).containsOnly("refused");
            assertThat(proxy.count("/login")).isLessThanOrEqualTo(2);
        }
    }

    private static List<Object> together(int threads, java.util.concurrent.Callable<Object> task) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Future<Object>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(() -> {
                    start.await(30, TimeUnit.SECONDS);
                    return task.call();
                }));
            }
            List<Object> outcomes = new ArrayList<>();
            for (Future<Object> one : all) {
                outcomes.add(one.get(30, TimeUnit.SECONDS));
            }
            return outcomes;
        } finally {
            pool.shutdownNow();
        }
    }

    /** Of a token's life; times are that many seconds. */
    private interface Life {
        void live(int factor) throws Exception;
    }

    /**
     * A token has a third of its life left when it is due, and whoever gets no turn meanwhile lets it end: a machine on which
     * a second is too short for that gets four.
     */
    private void shortOrLonger(Life life) throws Exception {
        try {
            life.live(1);
        } catch (UnavailableException | AssertionError e) {
            System.out.println("a token that ends soon was not renewed in time, so a longer one is tried: " + e);
            proxy.requests().clear();
            life.live(4);
        }
    }

    @Test
    void token_renewable_livesOnPastItsFirstEnd() throws Exception {
        shortOrLonger(factor -> {
            String token = bao.token(4 * factor + "s", POLICY);
            try (MasterKey key = key(VaultAuth.token(token))) {
                key.generate(BINDING).close();
                TimeUnit.MILLISECONDS.sleep(5_500 * factor);
                key.generate(BINDING).close();
                assertThat(proxy.count("renew-self")).isBetween(1L, 4L);
                assertThat(proxy.count("lookup-self")).isEqualTo(1);
            }
        });
    }

    @Test
    void appRole_tokenNearItsGreatestAge_isReplacedBeforeItEnds() throws Exception {
        shortOrLonger(factor -> {
            String most = ",\"token_max_ttl\":\"" + 4 * factor + "s\"";
            try (MasterKey key = key(appRole("aging", 3 * factor + "s", most))) {
                long from = System.nanoTime();
                while (System.nanoTime() - from < TimeUnit.SECONDS.toNanos(9L * factor)) {
                    key.generate(BINDING).close();
                    TimeUnit.MILLISECONDS.sleep(50);
                }
                assertThat(proxy.count("lookup-self"))
                        .as("no call was ever denied")
                        .isZero();
                assertThat(proxy.count("/login")).isBetween(2L, 8L);
            }
        });
    }

    @Test
    void tokenFile_changedByAnAgent_isReadAgainWhenTheOldOneIsDead() throws Exception {
        String first = bao.token("10m", POLICY);
        Path file = Files.writeString(folder.resolve("sink"), first);
        try (MasterKey key = key(VaultAuth.tokenFile(file))) {
            key.generate(BINDING).close();
            bao.revoke(first);
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
            Files.writeString(file, bao.token("10m", POLICY));
            key.generate(BINDING).close();
        }
    }

    /** The thread is there as long as a renewal is due: by its end, none comes any more. */
    @Test
    void close_lastKeyOfASession_endsItsRenewals() throws Exception {
        Set<Thread> others = renewing();
        VaultKeys keys = VaultKeys.of(VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(bao.token("10m", POLICY)))
                .build());
        MasterKey one = keys.transit("transit/auth");
        MasterKey two = keys.transit("transit/auth");
        one.generate(BINDING).close();
        one.close();
        two.generate(BINDING).close();
        Set<Thread> ours = renewing();
        ours.removeAll(others);
        assertThat(ours).as("one that waits for when the token is due").hasSize(1);
        // Longer than an idle one is kept.
        TimeUnit.MILLISECONDS.sleep(1_500);
        assertThat(ours).allSatisfy(thread -> assertThat(thread.isAlive()).isTrue());
        two.close();
        for (Thread thread : ours) {
            thread.join(30_000);
            assertThat(thread.isAlive()).isFalse();
        }
        assertThat(proxy.count("renew-self")).isZero();
        assertThat(proxy.count("lookup-self")).as("both shared one token").isEqualTo(1);
    }

    private static Set<Thread> renewing() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("sealwright-vault-renewal"))
                .collect(Collectors.toCollection(HashSet::new));
    }

    @Test
    void tokenWithANewlineInside_isRefusedWithoutBeingShown() throws Exception {
        Path file = Files.writeString(folder.resolve("token"), "s.abc\r\nX-Evil: 1\n");
        assertThatThrownBy(() -> works(VaultAuth.tokenFile(file)))
                .isInstanceOf(UnavailableException.class)
                .hasMessageNotContaining("s.abc");
        assertThat(proxy.requests()).isEmpty();
    }

    @Test
    void toString_ofWhatHoldsCredentials_showsNone() {
        VaultAuth auth = VaultAuth.userpass("erin", "a-password");
        VaultOptions options =
                VaultOptions.builder().address(proxy.address()).auth(auth).build();
        assertThat(auth + " " + options).doesNotContain("a-password").contains("auth/userpass");
    }
}
