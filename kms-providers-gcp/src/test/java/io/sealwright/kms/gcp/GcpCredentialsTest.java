package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.auth.oauth2.AccessToken;
import com.google.auth.oauth2.GoogleCredentials;
import com.sun.net.httpserver.HttpServer;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who we are is told over TLS, to a server whose certificate this JVM trusts, and read anew once it is dead. */
@Timeout(120)
class GcpCredentialsTest {
    private static final WrapBinding BINDING = new WrapBinding(WrapBinding.Purpose.DATA_KEY, EncryptionContext.empty());
    private static final String PASSWORD = "changeit";
    private static final String TRUST = "javax.net.ssl.trustStore";
    private static final String TRUST_PASSWORD = "javax.net.ssl.trustStorePassword";

    @TempDir
    Path folder;

    private FakeGoogleCloud cloud;
    private HttpServer tokens;
    private final AtomicInteger fetched = new AtomicInteger();
    private volatile String token = "first";

    @BeforeEach
    void start() throws Exception {
        Path store = folder.resolve("fake.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "fake",
                        "-keyalg",
                        "EC",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD,
                        "-dname",
                        "CN=fake",
                        "-ext",
                        "san=ip:127.0.0.1")
                .redirectErrorStream(true)
                .start();
        String told = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(keytool.exitValue()).as(told).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        Key key = keys.getKey("fake", PASSWORD.toCharArray());
        Path certificate = pem("CERTIFICATE", keys.getCertificate("fake").getEncoded());
        cloud = FakeGoogleCloud.startEncrypted(certificate, pem("PRIVATE KEY", key.getEncoded()));
        cloud.kms().create(Clouds.KEY);
        System.setProperty(TRUST, trusting(keys).toString());
        System.setProperty(TRUST_PASSWORD, PASSWORD);
        tokens = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        tokens.createContext("/token", exchange -> {
            String sent = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            if (exchange.getRequestURI().getPath().endsWith("/dead")) {
                byte[] refusal = ("{\"error\":\"invalid_grant\",\"error_description\":\"you sent " + sent + "\"}")
                        .getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().add("Content-Type", "application/json");
                exchange.sendResponseHeaders(400, refusal.length);
                exchange.getResponseBody().write(refusal);
                exchange.close();
                return;
            }
            fetched.incrementAndGet();
            byte[] answer = ("{\"access_token\":\"" + token + "\",\"expires_in\":3600,\"token_type\":\"Bearer\"}")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        tokens.start();
    }

    @AfterEach
    void stop() {
        System.clearProperty(TRUST);
        System.clearProperty(TRUST_PASSWORD);
        tokens.stop(0);
        cloud.close();
    }

    private Path trusting(KeyStore keys) throws Exception {
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry("fake", keys.getCertificate("fake"));
        Path file = folder.resolve("trust.p12");
        try (var out = Files.newOutputStream(file)) {
            trust.store(out, PASSWORD.toCharArray());
        }
        return file;
    }

    private Path pem(String what, byte[] encoded) throws Exception {
        return Files.writeString(folder.resolve(what + ".pem"), text(what, encoded));
    }

    private static String text(String what, byte[] encoded) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
                + "\n-----END " + what + "-----\n";
    }

    private Path serviceAccount() throws Exception {
        return serviceAccount("account.json", "/token");
    }

    private Path serviceAccount(String file, String tokenPath) throws Exception {
        byte[] key = KeyPairGenerator.getInstance("RSA")
                .generateKeyPair()
                .getPrivate()
                .getEncoded();
        return Files.writeString(
                folder.resolve(file),
                "{\"type\":\"service_account\",\"project_id\":\"acme-prod\",\"private_key_id\":\"1\",\"client_id\":\"1\","
                        + "\"client_email\":\"app@acme-prod.iam.gserviceaccount.com\",\"token_uri\":\"http://127.0.0.1:"
                        + tokens.getAddress().getPort() + tokenPath + "\",\"private_key\":\""
                        + text("PRIVATE KEY", key).replace("\n", "\\n") + "\"}");
    }

    @Test
    void file_ofAServiceAccount_isFetchedOnce_andAnewOnceItsTokenIsDead() throws Exception {
        cloud.demandToken("first");
        GcpOptions options = GcpOptions.builder()
                .kmsEndpoint(cloud.endpoint())
                .credentialsFile(serviceAccount())
                .build();
        try (MasterKey key = GcpKms.masterKey(options, Clouds.KEY)) {
            key.generate(BINDING).close();
            key.generate(BINDING).close();
            assertThat(fetched).hasValue(1);
            cloud.demandToken("second");
            token = "second";
            assertThatThrownBy(() -> key.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("UNAUTHENTICATED");
            key.generate(BINDING).close();
            assertThat(fetched).hasValue(2);
        }
    }

    /** Google's own look keeps what it found first for as long as the JVM runs. */
    @Test
    void applicationDefault_newLogin_isSeenWithoutARestart() throws Exception {
        String home = System.getProperty("user.home");
        Files.createDirectories(folder.resolve(".config/gcloud"));
        String login = ".config/gcloud/application_default_credentials.json";
        System.setProperty("user.home", folder.toString());
        GcpOptions options = GcpOptions.builder().kmsEndpoint(cloud.endpoint()).build();
        try (MasterKey key = GcpKms.masterKey(options, Clouds.KEY)) {
            cloud.demandToken("first");
            Path unused = serviceAccount(login, "/token/dead");
            assertThatThrownBy(() -> key.generate(BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("No token was to be had")
                    .hasMessageContaining("application-default login");
            unused = serviceAccount(login, "/token");
            key.generate(BINDING).close();
            cloud.demandToken("second");
            token = "second";
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
            key.generate(BINDING).close();
        } finally {
            System.setProperty("user.home", home);
        }
    }

    /** What makes tokens may repeat what it was sent: a signed assertion, which is as good as the token. */
    @Test
    void tokenEndpointThatRepeatsTheRequest_standsNowhereInTheError() throws Exception {
        GcpOptions options = GcpOptions.builder()
                .kmsEndpoint(cloud.endpoint())
                .credentialsFile(serviceAccount("dead.json", "/token/dead"))
                .build();
        try (MasterKey key = GcpKms.masterKey(options, Clouds.KEY)) {
            StringWriter told = new StringWriter();
            catchThrowable(() -> key.generate(BINDING)).printStackTrace(new PrintWriter(told, true));
            assertThat(told.toString())
                    .contains("UnavailableException")
                    .doesNotContain("you sent")
                    .doesNotContain("assertion=");
        }
    }

    @Test
    void credentials_given_areSent_andSharedByKeysOfOneCloud() {
        cloud.kms().create(Clouds.OTHER);
        cloud.demandToken("given");
        GcpKms keys = GcpKms.of(GcpOptions.builder()
                .kmsEndpoint(cloud.endpoint())
                .credentials(GoogleCredentials.create(
                        AccessToken.newBuilder().setTokenValue("given").build()))
                .build());
        try (MasterKey one = keys.key(Clouds.KEY);
                MasterKey other = keys.key(Clouds.OTHER)) {
            one.generate(BINDING).close();
            other.generate(BINDING).close();
        }
    }

    @Test
    void certificate_thatNobodyVouchesFor_isRefused_andNothingIsSent() {
        System.clearProperty(TRUST);
        GcpOptions options = GcpOptions.builder()
                .kmsEndpoint(cloud.endpoint())
                .credentials(GoogleCredentials.create(
                        AccessToken.newBuilder().setTokenValue("given").build()))
                .build();
        try (MasterKey key = GcpKms.masterKey(options, Clouds.KEY)) {
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
        }
        assertThat(cloud.calls()).isEmpty();
    }
}
