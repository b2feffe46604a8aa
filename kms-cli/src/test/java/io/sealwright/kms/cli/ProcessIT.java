package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What only a process of its own can show: signals, pipes, what a killed one leaves, two at once, memory. Each test has a
 * thread of its own, since reading a pipe ignores the interrupt that ends a test's time.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessIT {
    @TempDir
    Path folder;

    private Path home;
    private Path file;
    private final List<Process> started = new ArrayList<>();
    // Not the common pool: with two processors that has one thread, and who fills a pipe would keep out who empties it.
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "pipe");
        thread.setDaemon(true);
        return thread;
    });

    @BeforeEach
    void files() throws Exception {
        home = folder.resolve("home");
        file = Files.writeString(folder.resolve("a"), "attack at dawn");
    }

    @AfterEach
    void stop() {
        started.forEach(Process::destroyForcibly);
        threads.shutdownNow();
    }

    private Process start(List<String> jvm, Object... args) throws IOException {
        List<String> command = new ArrayList<>();
        // A test run in the background hands down an ignored SIGINT, which a JVM then ignores as well.
        command.addAll(List.of("env", "--default-signal=INT,TERM,PIPE"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvm);
        if (Runtime.version().feature() >= 22) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        for (Object arg : args) {
            command.add(arg.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().put("KMS_HOME", home.toString());
        builder.environment().put("LC_ALL", "C.UTF-8");
        for (String variable :
                List.of("KMS_PROVIDER", "MASTER_ENCRYPTION_KEY", "ENCRYPTION_KEY", "KMS_STORE_URL", "KMS_DEBUG")) {
            builder.environment().remove(variable);
        }
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private Process start(Object... args) throws IOException {
        return start(List.of(), args);
    }

    private static String err(Process process) throws IOException {
        return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** What needs no process of its own. */
    private void done(Object... args) {
        Run.Result result = Run.at(home).kms(args);
        assertThat(result.code()).as(result.err()).isZero();
    }

    private static void awaitFile(Path path, Process process) throws Exception {
        while (!Files.exists(path)) {
            assertThat(process.isAlive())
                    .as("still running while %s is awaited", path)
                    .isTrue();
            Thread.onSpinWait();
        }
    }

    /** A process that has begun a file and waits for more input. */
    private Process halfWay(Path out, Path partial) throws Exception {
        Process process = start("encrypt", "-", "-o", out);
        OutputStream in = process.getOutputStream();
        in.write(new byte[1 << 20]);
        in.flush();
        awaitFile(partial, process);
        return process;
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void signal_halfWay_removesThePartialFile(String signal, int exitCode) throws Exception {
        done("encrypt", file);
        Path out = folder.resolve("out");
        Path partial = folder.resolve(".out.kms-partial");
        Process process = halfWay(out, partial);
        signal(process, signal);
        assertThat(process.waitFor()).isEqualTo(exitCode);
        assertThat(partial).doesNotExist();
        assertThat(out).doesNotExist();
        assertThat(err(process).lines()).singleElement().asString().contains("[KMS_CLI_STOPPED]");
    }

    @Test
    void kill_halfWay_neverLeavesATargetAndTheNextRunMendsIt() throws Exception {
        done("encrypt", file);
        Path out = folder.resolve("out");
        Path partial = folder.resolve(".out.kms-partial");
        Process process = halfWay(out, partial);
        signal(process, "KILL");
        assertThat(process.waitFor()).isEqualTo(137);
        assertThat(out).doesNotExist();
        assertThat(partial).exists();
        done("encrypt", file, "-o", out);
        assertThat(partial).doesNotExist();
        done("decrypt", out, "-o", folder.resolve("opened"));
        assertThat(folder.resolve("opened")).hasContent("attack at dawn");
    }

    @Test
    void encrypt_targetIsBeingWritten_isRefused() throws Exception {
        done("encrypt", file);
        Path out = folder.resolve("out");
        Process first = halfWay(out, folder.resolve(".out.kms-partial"));
        Process second = start("encrypt", file, "-o", out);
        assertThat(err(second)).contains("Another process is writing it");
        assertThat(second.waitFor()).isEqualTo(1);
        first.getOutputStream().close();
        assertThat(first.waitFor()).as(err(first)).isZero();
        assertThat(out).exists();
    }

    @Test
    void encrypt_readerGoes_exitsWith141() throws Exception {
        done("encrypt", file);
        Process process = start("encrypt", "-");
        CompletableFuture<Void> feeder = CompletableFuture.runAsync(() -> feed(process, 64 << 20), threads);
        InputStream out = process.getInputStream();
        assertThat(out.readNBytes(10)).hasSize(10);
        out.close();
        assertThat(process.waitFor()).isEqualTo(141);
        assertThat(err(process)).isEmpty();
        feeder.get();
    }

    private static void feed(Process process, int bytes) {
        byte[] block = new byte[1 << 16];
        try (OutputStream in = process.getOutputStream()) {
            for (int sent = 0; sent < bytes; sent += block.length) {
                in.write(block);
            }
        } catch (IOException e) {
            // The process has ended, as it should.
        }
    }

    @Test
    void encrypt_namedPipe_isWrittenInPlace() throws Exception {
        done("encrypt", file);
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Process process = start("encrypt", file, "-o", pipe);
        byte[] message;
        try (InputStream in = Files.newInputStream(pipe)) {
            message = in.readAllBytes();
        }
        assertThat(process.waitFor()).as(err(process)).isZero();
        Path copy = Files.write(folder.resolve("b.sealed"), message);
        done("decrypt", copy, "-o", folder.resolve("opened"));
        assertThat(folder.resolve("opened")).hasContent("attack at dawn");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void encrypt_twoFirstUsesAtOnce_makeOneKey(int round) throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(start("encrypt", file, "-o", folder.resolve("out" + i)));
        }
        StringBuilder said = new StringBuilder();
        for (Process process : processes) {
            String err = err(process);
            assertThat(process.waitFor()).as("round %d: %s", round, err).isZero();
            said.append(err);
        }
        assertThat(said.toString().lines()).hasSize(2);
        for (int i = 0; i < 2; i++) {
            done("decrypt", folder.resolve("out" + i), "-o", folder.resolve("opened" + i));
            assertThat(folder.resolve("opened" + i)).hasContent("attack at dawn");
        }
    }

    @Test
    void encryptAndDecrypt_longStream_inASmallHeap() throws Exception {
        int bytes = 160 << 20;
        done("encrypt", file);
        Process encrypting = start(List.of("-Xmx64m"), "encrypt", "-");
        Process decrypting = start(List.of("-Xmx64m"), "decrypt", "-");
        MessageDigest given = MessageDigest.getInstance("SHA-256");
        MessageDigest got = MessageDigest.getInstance("SHA-256");
        CompletableFuture<Void> feeder = CompletableFuture.runAsync(() -> generate(encrypting, bytes, given), threads);
        CompletableFuture<Void> pipe = CompletableFuture.runAsync(() -> copy(encrypting, decrypting), threads);
        long length = 0;
        byte[] block = new byte[1 << 16];
        InputStream out = decrypting.getInputStream();
        for (int count = out.read(block); count >= 0; count = out.read(block)) {
            got.update(block, 0, count);
            length += count;
        }
        feeder.get();
        pipe.get();
        assertThat(encrypting.waitFor()).as(err(encrypting)).isZero();
        assertThat(decrypting.waitFor()).as(err(decrypting)).isZero();
        assertThat(length).isEqualTo(bytes);
        assertThat(got.digest()).isEqualTo(given.digest());
    }

    private static void generate(Process process, int bytes, MessageDigest digest) {
        Random random = new Random(1);
        byte[] block = new byte[1 << 16];
        try (OutputStream in = process.getOutputStream()) {
            for (int sent = 0; sent < bytes; sent += block.length) {
                random.nextBytes(block);
                digest.update(block);
                in.write(block);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void copy(Process from, Process to) {
        try (OutputStream in = to.getOutputStream()) {
            from.getInputStream().transferTo(in);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void signal(Process process, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }
}
