package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.core.IntervalFunction;
import io.sealwright.kms.KeyManager;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** The modules as a modular application has them: it requires the facade alone, and finds engine and providers. */
class ModulePathTest {
    private static final String MODULE = "module demo { requires io.sealwright.kms; }";
    private static final String PROGRAM = """
            package demo;

            import io.sealwright.kms.KeyManager;
            import io.sealwright.kms.KeySpec;
            import io.sealwright.kms.spi.NamedKeyStore;
            import java.nio.file.Path;

            public class Main {
                public static void main(String[] args) {
                    KeyManager.embedded(Path.of(args[0])).close();
                    try (KeyManager kms = KeyManager.builder().masterKey("local://default")
                            .store(NamedKeyStore.inMemory()).listener(System.out::println).build()) {
                        byte[] sealed = kms.encrypt(args[1]).context("tenant", "acme").toBytes();
                        System.out.println(kms.decrypt(sealed).context("tenant", "acme").toText());
                        System.out.println(KeyManager.class.getModule().getName());
                        System.out.println(kms.getClass().getModule().getName());
                        System.out.println(ModuleLayer.boot().findModule("jdk.jfr").isPresent());
                        kms.keys().create("orders", KeySpec.AES_256);
                    }
                }
            }
            """;

    @TempDir
    Path folder;

    @Test
    @Timeout(60)
    void open_onTheModulePath_findsTheEngineAndTheKey() throws Exception {
        assertThat(run("--add-modules", "jdk.jfr"))
                .startsWith("hello", "io.sealwright.kms", "io.sealwright.kms.core", "true")
                .last()
                .asString()
                .startsWith("KeyChanged[");
    }

    @Test
    @Timeout(60)
    void open_withoutTheFlightRecordersModule_tellsTheListeners() throws Exception {
        assertThat(run("--limit-modules", "demo,io.sealwright.kms.core"))
                .startsWith("hello", "io.sealwright.kms", "io.sealwright.kms.core", "false")
                .last()
                .asString()
                .startsWith("KeyChanged[");
    }

    private List<String> run(String option, String value) throws Exception {
        String modules = Stream.of(
                        KeyManager.class,
                        DefaultEngine.class,
                        Caffeine.class,
                        CircuitBreaker.class,
                        IntervalFunction.class,
                        Logger.class)
                .map(ModulePathTest::place)
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
                        // Compiling needs the annotations, which come with the facade; running does not.
                        modules + File.pathSeparator + place(NullMarked.class),
                        module.toString(),
                        program.toString());
        assertThat(compiled).isZero();
        Path home = folder.resolve("home");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "--module-path",
                        modules + File.pathSeparator + classes,
                        option,
                        value,
                        "--module",
                        "demo/demo.Main",
                        home.toString(),
                        "hello")
                .redirectError(folder.resolve("errors").toFile());
        builder.environment().put("KMS_HOME", home.toString());
        Process process = builder.start();
        List<String> lines;
        try (var output = process.inputReader(StandardCharsets.UTF_8)) {
            lines = output.lines().toList();
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("errors")))
                .isZero();
        return lines;
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
