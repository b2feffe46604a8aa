package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.api.gax.core.FixedCredentialsProvider;
import com.google.auth.oauth2.AccessToken;
import com.google.auth.oauth2.GoogleCredentials;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.cloud.kms.v1.KeyManagementServiceClient;
import io.grpc.Status.Code;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.gcp.Lie;
import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client that speaks HTTP and JSON, and the lighter closure that is enough for it. */
@Timeout(120)
class GcpRestTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));
    private static final WrapBinding OTHER = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());

    @TempDir
    Path folder;

    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();
    private RestGateway gateway;
    private KeyManagementServiceClient client;
    private MasterKey key;

    @BeforeEach
    void open() throws Exception {
        cloud.kms().create(Clouds.KEY);
        gateway = new RestGateway(cloud);
        client = RestClosureMain.client(gateway.endpoint());
        key = GcpKms.masterKey(client, Clouds.KEY);
    }

    @AfterEach
    void close() {
        key.close();
        client.close();
        gateway.close();
        cloud.close();
    }

    @Test
    void rest_wrapsAndUnwraps_withChecksums() {
        try (GeneratedKey generated = key.generate(BINDING)) {
            key.unwrap(generated.recipient(), BINDING).close();
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), OTHER))
                    .isInstanceOf(AuthenticationFailedException.class);
            cloud.kms().lie(Lie.WRONG_CHECKSUM);
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), BINDING))
                    .isInstanceOf(UnavailableException.class);
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
        }
        assertThat(key.check()).contains("version 1");
    }

    @Test
    void rest_stateThatForbidsIt_isToldFromAWrongContext() {
        try (GeneratedKey generated = key.generate(BINDING)) {
            cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DISABLED);
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), BINDING)).isInstanceOf(RefusedException.class);
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(RefusedException.class);
            cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DESTROYED);
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), BINDING))
                    .isInstanceOf(KeyNotFoundException.class);
            cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.ENABLED);
            cloud.grant("none");
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), BINDING))
                    .isInstanceOf(PermissionDeniedException.class);
        }
    }

    @Test
    void rest_pageThatRepeatsTheKey_isNoAnswer() throws Exception {
        gateway.page("<html>" + Clouds.KEY + " is not enabled, current state is: DISABLED</html>");
        assertThatThrownBy(() -> key.generate(BINDING))
                .isInstanceOf(UnavailableException.class)
                .hasMessageNotContaining("<html>");
        for (String page : List.of(
                "{}",
                "{\"error\":7}",
                "{\"error\":{\"status\":\"GONE\"}}",
                "{\"error\":{\"status\":\"NOT_FOUND\",\"message\":\"no\"}}",
                "{\"error\":{\"status\":\"NOT_FOUND\",\"details\":[7]}}",
                "[]",
                "{\"error\":{\"status\":")) {
            gateway.page(page);
            assertThatThrownBy(() -> key.generate(BINDING)).as(page).isInstanceOf(UnavailableException.class);
        }
        gateway.page("{\"error\":{\"status\":\"NOT_FOUND\",\"message\":\"CryptoKey " + Clouds.KEY + " not found.\"}}");
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(KeyNotFoundException.class);
    }

    /** A gateway's word is not Google's: an outage must stay one, for what a key has given serves on in it. */
    @Test
    void rest_badRequestOfSomebodyOnTheWay_isNoAnswer() {
        try (GeneratedKey generated = key.generate(BINDING)) {
            for (String page : List.of("<html>Bad Request</html>", "", "{\"error\":\"bad request\"}")) {
                gateway.page(400, page + " ");
                for (ThrowingCallable call : List.<ThrowingCallable>of(
                        () -> key.generate(BINDING),
                        () -> key.unwrap(generated.recipient(), BINDING),
                        key::rotate,
                        key::check)) {
                    assertThatThrownBy(call)
                            .as(page)
                            .isInstanceOf(UnavailableException.class)
                            .hasMessageContaining("somebody on the way");
                }
            }
            gateway.page(400, "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"message\":\"Decryption failed.\"}}");
            assertThatThrownBy(() -> key.unwrap(generated.recipient(), BINDING))
                    .isInstanceOf(AuthenticationFailedException.class);
        }
    }

    /** The client keeps the page, and with it what the page repeats: the token, and the key that was to be wrapped. */
    @Test
    void rest_pageThatRepeatsTheRequest_standsNowhereInTheError() throws Exception {
        String token = "ya29.SECRET-TOKEN";
        GoogleCredentials who = GoogleCredentials.create(
                AccessToken.newBuilder().setTokenValue(token).build());
        try (KeyManagementServiceClient known =
                        RestClosureMain.client(gateway.endpoint(), FixedCredentialsProvider.create(who));
                MasterKey mine = GcpKms.masterKey(known, Clouds.KEY);
                GeneratedKey generated = mine.generate(BINDING)) {
            for (int status : new int[] {400, 401, 403, 404, 407, 429, 500, 502, 503}) {
                gateway.page(status, "<html>you sent REQUEST</html>");
                for (ThrowingCallable call : List.<ThrowingCallable>of(
                        () -> mine.generate(BINDING), () -> mine.unwrap(generated.recipient(), BINDING), mine::check)) {
                    StringWriter told = new StringWriter();
                    catchThrowable(call).printStackTrace(new PrintWriter(told, true));
                    assertThat(told.toString())
                            .as("HTTP %d", status)
                            .contains("UnavailableException")
                            .doesNotContain("you sent")
                            .doesNotContain(token)
                            .doesNotContain("\"plaintext\"");
                }
            }
        }
    }

    /** What the network says is this machine's own word, and helps. */
    @Test
    void rest_nobodyListens_isTheCause() {
        gateway.close();
        assertThatThrownBy(() -> key.generate(BINDING))
                .isInstanceOf(UnavailableException.class)
                .hasRootCauseInstanceOf(ConnectException.class);
    }

    @Test
    void rest_noAnswer_isAskedOnce() {
        for (Code code : List.of(Code.UNAVAILABLE, Code.UNAUTHENTICATED, Code.RESOURCE_EXHAUSTED, Code.INTERNAL)) {
            cloud.refuse(code, "");
            cloud.calls().clear();
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
            assertThat(cloud.calls()).containsExactly("Encrypt");
        }
        gateway.close();
        assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(UnavailableException.class);
    }

    @Test
    void closure_withoutWhatTheDocumentationLeavesOut_sealsAndOpens() throws Exception {
        List<Pattern> without = documentedExclusions();
        String classPath = Arrays.stream(
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                                .split(File.pathSeparator))
                .filter(entry -> without.stream()
                        .noneMatch(
                                jar -> jar.matcher(Path.of(entry).getFileName().toString())
                                        .matches()))
                .collect(Collectors.joining(File.pathSeparator));
        assertThat(classPath).contains("gax-grpc").doesNotContain("grpc-netty-shaded", "grpc-xds", "conscrypt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPath,
                        RestClosureMain.class.getName(),
                        gateway.endpoint(),
                        Clouds.KEY)
                .redirectError(folder.resolve("errors").toFile())
                .start();
        String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("errors")))
                .isZero();
        assertThat(told).isEqualTo("hello" + System.lineSeparator());
        assertThat(cloud.calls()).containsExactly("Encrypt", "Decrypt");
    }

    /** The artifacts that docs/providers/GCP.md excludes, as the names of their jars. */
    private static List<Pattern> documentedExclusions() throws Exception {
        Matcher exclusion = Pattern.compile(
                        "<exclusion><groupId>[^<]+</groupId><artifactId>([^<]+)</artifactId></exclusion>")
                .matcher(Files.readString(Path.of("..", "docs", "providers", "GCP.md")));
        List<Pattern> all = exclusion
                .results()
                .map(found -> Pattern.compile(Pattern.quote(found.group(1)) + "-[0-9][^/]*\\.jar"))
                .toList();
        assertThat(all).hasSizeGreaterThan(10);
        return all;
    }
}
