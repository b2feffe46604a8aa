package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.testbed.Notes;
import io.sealwright.kms.testbed.Scripts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A SoftHSM token that is initialised anew does not come back in a process that had it open: the error says what to do. */
class SoftHsmReinitialisedIT {
    @TempDir
    Path folder;

    private List<String> run(Path library) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                ReinitialisedTokenProgram.class.getName(),
                library.toString());
        builder.environment()
                .put("SOFTHSM2_CONF", folder.resolve("softhsm2.conf").toString());
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        return lines;
    }

    @Test
    void token_initialisedAnewWhileOpen_isNoAnswer_andTheErrorSaysToRestart_whichHelps() throws Exception {
        Path library;
        try {
            library = Scripts.path("softhsm");
        } catch (IllegalStateException e) {
            throw Notes.missing("SoftHSM", e.getMessage(), e);
        }
        List<String> lines = run(library);
        assertThat(lines).as("nobody else writes to standard output").hasSize(8);
        assertThat(lines.get(0)).startsWith("KMS_UNAVAILABLE").contains("sees no token");
        assertThat(lines.get(1)).isEqualTo("works");
        assertThat(lines.subList(2, 7))
                .allSatisfy(line -> assertThat(line)
                        .startsWith("KMS_UNAVAILABLE")
                        .contains("CKR_GENERAL_ERROR")
                        .contains("restart this process")
                        .doesNotContain(TestToken.PIN));
        assertThat(lines.get(7)).isEqualTo("ends");
        assertThat(run(library).get(1)).as("after a restart").isEqualTo("works");
    }
}
