package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.testkit.proof.Proof;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 10 GiB through encryption and decryption in a heap of 64 MiB. Size: {@code -Dkms.proof}, 0.01 by default. */
class StreamMemoryStress {
    private static final long WHOLE = 10L << 30;

    @TempDir
    Path home;

    @Test
    void streams_inASmallHeap_takeAnyLength() throws Exception {
        long length = Proof.of(WHOLE, 0) + 1;
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StreamProcess.class.getName(),
                        home.toString(),
                        Long.toString(length))
                .redirectErrorStream(true)
                .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(output).isZero();
            assertThat(output).contains("done");
        } finally {
            process.destroyForcibly();
        }
    }
}
