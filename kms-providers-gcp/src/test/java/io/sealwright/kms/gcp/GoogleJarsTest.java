package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.cloud.kms.v1.EncryptRequest;
import com.google.cloud.kms.v1.KeyManagementServiceClient;
import com.google.cloud.kms.v1.KeyManagementServiceGrpc;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.core.IntervalFunction;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.module.ResolutionException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** Google's jars and modules: why they must lie on the class path, and that a modular application works with them there. */
class GoogleJarsTest {
    private static final String MODULE = "module demo { requires io.sealwright.kms; }";
    private static final String PROGRAM = """
            package demo;

            import io.sealwright.kms.KeyManager;

            public class Main {
                public static void main(String[] args) {
                    try (KeyManager kms = KeyManager.open(args[0])) {
                        byte[] sealed = kms.encrypt("hello").context("tenant", "acme").toBytes();
                        System.out.println(kms.decrypt(sealed).context("tenant", "acme").toText());
                        System.out.println(kms.getClass().getModule().getName());
                    }
                }
            }
            """;

    @TempDir
    Path folder;

    @Test
    void googleJars_onTheModulePath_cannotStandTogether() {
        Path[] jars = Stream.of(
                        KeyManagementServiceClient.class, // google-cloud-kms
                        KeyManagementServiceGrpc.class, // grpc-google-cloud-kms-v1
                        EncryptRequest.class) // proto-google-cloud-kms-v1
                .map(GoogleJarsTest::place)
                .distinct()
                .map(Path::of)
                .toArray(Path[]::new);
        assertThat(jars).hasSize(3);
        ModuleFinder finder = ModuleFinder.of(jars);
        Set<String> names = finder.findAll().stream()
                .map(module -> module.descriptor().name())
                .collect(Collectors.toSet());
        assertThat(names).contains("google.cloud.kms"); // after the file's name, which no one promises
        assertThatThrownBy(() -> Configuration.resolve(
                        finder, java.util.List.of(ModuleLayer.boot().configuration()), ModuleFinder.of(), names))
                .as("if this does not fail any more, kms-providers-gcp may get a module descriptor")
                .isInstanceOf(ResolutionException.class)
                .hasMessageContaining("com.google.cloud.kms.v1");
    }

    @Test
    @Timeout(120)
    void modularApplication_withThisModuleOnTheClassPath_findsIt() throws Exception {
        String modules = Stream.of(
                        KeyManager.class,
                        SecretMasterKey.class,
                        Caffeine.class,
                        CircuitBreaker.class,
                        IntervalFunction.class,
                        Logger.class)
                .map(GoogleJarsTest::place)
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        Path sources = Files.createDirectories(folder.resolve("src/demo"));
        Path program = Files.writeString(sources.resolve("Main.java"), PROGRAM);
        Path module = Files.writeString(folder.resolve("src/module-info.java"), MODULE);
        Path classes = folder.resolve("classes");
        int compiled = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-d",
                        classes.toString(),
                        "--module-path",
                        modules + File.pathSeparator + place(NullMarked.class),
                        module.toString(),
                        program.toString());
        assertThat(compiled).isZero();
        Set<String> onModulePath = Set.of(modules.split(File.pathSeparator));
        String classPath = Arrays.stream(
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                                .split(File.pathSeparator))
                .filter(entry -> !onModulePath.contains(entry))
                .collect(Collectors.joining(File.pathSeparator));
        try (FakeGoogleCloud cloud = FakeGoogleCloud.start()) {
            cloud.kms().create(Clouds.KEY);
            ProcessBuilder builder = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "--module-path",
                            modules + File.pathSeparator + classes,
                            "--class-path",
                            classPath,
                            "--module",
                            "demo/demo.Main",
                            "gcp-kms://" + Clouds.KEY)
                    .redirectError(folder.resolve("errors").toFile());
            builder.environment().put("GCP_KMS_ENDPOINT", cloud.endpoint());
            builder.environment().put("GCP_PLAINTEXT", "true");
            Process process = builder.start();
            String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as(Files.readString(folder.resolve("errors")))
                    .isZero();
            assertThat(told.lines()).containsExactly("hello", "io.sealwright.kms.core");
            assertThat(cloud.calls()).containsExactly("Encrypt", "Decrypt");
        }
    }

    private static String place(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
