package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What only a JVM with other options shows, and what is left by one that was killed. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DoctorIT {
    @TempDir
    Path folder;

    private Process start(String options, String... args) throws Exception {
        List<String> command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path")));
        if (Runtime.version().feature() >= 24) {
            command.add(1, "--enable-native-access=ALL-UNNAMED");
        }
        command.add(Main.class.getName());
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("KMS_") || name.endsWith("ENCRYPTION_KEY"));
        builder.environment().put("KMS_HOME", folder.resolve("home").toString());
        if (!options.isEmpty()) {
            builder.environment().put("JDK_JAVA_OPTIONS", options);
        }
        return builder.redirectError(folder.resolve("err").toFile()).start();
    }

    private String run(int code, String options, String... args) throws Exception {
        Process process = start(options, args);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as(out + Files.readString(folder.resolve("err")))
                .isEqualTo(code);
        return out;
    }

    @ParameterizedTest
    @CsvSource({
        "-XX:+UnlockDiagnosticVMOptions -XX:-UseAESIntrinsics, AES runs without the processor's own instructions.",
        "-XX:-UseAES, AES runs without the processor's own instructions.",
        "-Xint, Nothing is compiled.",
        "-XX:TieredStopAtLevel=1, The optimizing compiler is off"
    })
    void doctor_jvmIsCrippled_namesTheVariableThatAsksForIt(String option, String text) throws Exception {
        Files.writeString(folder.resolve("a"), "attack at dawn");
        run(0, "", "encrypt", "a");
        assertThat(run(1, option, "doctor"))
                .contains("finding  Java: " + text)
                .contains("JDK_JAVA_OPTIONS asks for it.\n         run: unset JDK_JAVA_OPTIONS\n");
        run(0, "", "doctor");
    }

    /** As {@code docs/CLI.md} promises: kill -9 may leave a partial file, and the doctor names it. */
    @Test
    void doctor_afterAKill_namesThePartialFileInThisFolder() throws Exception {
        Files.writeString(folder.resolve("a"), "attack at dawn");
        run(0, "", "encrypt", "a");
        Path partial = folder.resolve(".out.kms-partial");
        Process process = start("", "encrypt", "-", "-o", "out");
        process.getOutputStream().write(new byte[1 << 20]);
        process.getOutputStream().flush();
        while (!Files.exists(partial)) {
            assertThat(process.isAlive()).isTrue();
            Thread.onSpinWait();
        }
        assertThat(run(0, "", "doctor")).doesNotContain("kms-partial"); // it is being written
        process.toHandle().destroyForcibly();
        assertThat(process.waitFor()).isEqualTo(137);
        String line = run(1, "", "doctor")
                .lines()
                .filter(one -> one.startsWith("         run: rm -- "))
                .findFirst()
                .orElseThrow();
        assertThat(new ProcessBuilder("sh", "-c", line.substring("         run: ".length()))
                        .start()
                        .waitFor())
                .isZero();
        assertThat(partial).doesNotExist();
        run(0, "", "doctor");
    }
}
