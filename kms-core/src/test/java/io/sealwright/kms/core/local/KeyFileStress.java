package io.sealwright.kms.core.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.testkit.proof.Proof;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Key files among several processes, and when one is killed. Size: {@code -Dkms.proof}, 0.01 by default. */
class KeyFileStress {
    private static final int KILLS_OF_THE_WHOLE_PROOF = 200;

    @TempDir
    Path home;

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void open_createMissingBy16ThreadsOf4ProcessesAtOnce_givesOneKey() throws Exception {
        List<Process> processes = new ArrayList<>();
        try {
            List<BufferedReader> outputs = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Process process = KeyFileProcess.start(home, "create");
                processes.add(process);
                outputs.add(process.inputReader(StandardCharsets.US_ASCII));
            }
            for (BufferedReader output : outputs) {
                assertThat(output.readLine()).isEqualTo("ready");
            }
            for (Process process : processes) {
                go(process);
            }
            List<String> ids = new ArrayList<>();
            for (BufferedReader output : outputs) {
                output.lines().forEach(ids::add);
            }
            assertThat(ids).hasSize(16);
            assertThat(ids.stream().distinct()).hasSize(1);
            try (Stream<Path> files = Files.list(home.resolve("local"))) {
                assertThat(files.map(path -> path.getFileName().toString()))
                        .containsExactlyInAnyOrder("default.key", "default.key.lock");
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    /**
     * One process rotates a key, or two at once; each is killed inside a rotation. Temporary files that the dead leave
     * tell how many kills fell between the first byte written and the new name.
     */
    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void rotate_killedInTheMiddle_fileParsesAndHoldsEveryAcknowledgedVersion() throws Exception {
        int kills = Proof.of(KILLS_OF_THE_WHOLE_PROOF, 6);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Path file = LocalKeyProvider.file(home, "default");
        List<String> acknowledged = new ArrayList<>();
        int killed = 0;
        int inside = 0;
        int whileWriting = 0;
        while (killed < kills) {
            List<Process> processes = new ArrayList<>();
            try {
                for (int i = killed % 3 == 0 ? 1 : 0; i < 2; i++) {
                    processes.add(KeyFileProcess.start(home, "rotate"));
                }
                List<BufferedReader> outputs = new ArrayList<>();
                for (Process process : processes) {
                    outputs.add(process.inputReader(StandardCharsets.US_ASCII));
                }
                for (BufferedReader output : outputs) {
                    assertThat(output.readLine()).isEqualTo("ready");
                }
                for (Process process : processes) {
                    go(process);
                }
                for (int i = 0; i < processes.size(); i++) {
                    BufferedReader output = outputs.get(i);
                    int until = 1 + random.nextInt(10);
                    String last = "";
                    for (int begun = 0; begun < until; ) {
                        last = readLine(output, acknowledged);
                        begun += last.equals("begin") ? 1 : 0;
                    }
                    LockSupport.parkNanos(random.nextInt(4_000_000)); // where in the rotation the kill falls
                    processes.get(i).toHandle().destroyForcibly(); // Process.destroyForcibly would drop the output
                    assertThat(processes.get(i).waitFor()).isEqualTo(128 + 9);
                    for (String line; (line = output.readLine()) != null; ) {
                        last = line;
                        acknowledge(line, acknowledged);
                    }
                    killed++;
                    whileWriting += i == processes.size() - 1 && leftOvers() > 0 ? 1 : 0;
                    inside += last.equals("begin") ? 1 : 0;
                    assertWhole(file, acknowledged, seed);
                }
            } finally {
                processes.forEach(Process::destroyForcibly);
            }
        }
        System.out.println("kills: " + killed + ", inside a rotation: " + inside + ", left a temporary file: "
                + whileWriting + ", acknowledged rotations: "
                + acknowledged.size());
        assertThat(inside).as("kills inside a rotation, of " + killed).isGreaterThanOrEqualTo((killed + 1) / 2);
        // The locks of the dead are free, and what they left is cleared away.
        KeyFileStore store = new KeyFileStore(file, "local://default", Duration.ofSeconds(5), new Disk());
        store.update(contents -> contents.rotated(Instant.EPOCH, new CloneSafeRandom()));
        try (Stream<Path> files = Files.list(home.resolve("local"))) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("default.key", "default.key.lock");
        }
    }

    private long leftOvers() throws IOException {
        try (Stream<Path> files = Files.list(home.resolve("local"))) {
            return files.filter(path -> path.toString().endsWith(".tmp")).count();
        }
    }

    private static void assertWhole(Path file, List<String> acknowledged, long seed) {
        KeyFileStore store = new KeyFileStore(file, "local://default", Duration.ofSeconds(5), new Disk());
        try (KeyFile contents = store.load().contents()) {
            List<String> ids = contents.versions().stream()
                    .map(version -> HexFormat.of().formatHex(version.id()))
                    .toList();
            assertThat(ids).as("seed " + seed).containsAll(acknowledged);
            assertThat(contents.newest().number()).isEqualTo(ids.size());
            assertThat(contents.newest().state()).isEqualTo(KeyFile.State.ACTIVE);
        }
    }

    private static String readLine(BufferedReader output, List<String> acknowledged) throws IOException {
        String line = output.readLine();
        assertThat(line).as("the process ended by itself").isNotNull();
        acknowledge(line, acknowledged);
        return line;
    }

    private static void acknowledge(String line, List<String> acknowledged) {
        if (line.matches("end [0-9a-f]{32}")) {
            acknowledged.add(line.substring("end ".length()));
        }
    }

    private static void go(Process process) throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }
}
