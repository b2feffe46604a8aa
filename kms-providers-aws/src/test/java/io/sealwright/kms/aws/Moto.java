package io.sealwright.kms.aws;

import io.sealwright.kms.testbed.Notes;
import io.sealwright.kms.testbed.Scripts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/**
 * moto, an AWS emulator that others wrote: one a test JVM, on a free port of this machine, started when a test first asks for
 * it and stopped with the JVM. It is lenient: {@link AwsFake} is what proves strictness, moto that we do not only agree with
 * ourselves.
 */
final class Moto {
    private static final Duration READY = Duration.ofSeconds(60);
    private static @Nullable Moto shared; // guarded by the class
    private static @Nullable Exception failure; // guarded by the class

    private final Process process;
    private final int port;

    private Moto(Path packages) throws IOException {
        port = freePort();
        Path log = Files.createTempFile("moto", ".log");
        log.toFile().deleteOnExit();
        ProcessBuilder builder = new ProcessBuilder(
                        "python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", Integer.toString(port))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("PYTHONPATH", packages.toString());
        process = builder.start();
        try {
            await(log);
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** The one of this JVM; without one the test is aborted, aloud, or fails if it is required. */
    static synchronized Moto shared() {
        Moto there = shared;
        if (there == null) {
            if (failure == null) {
                try {
                    Moto started = new Moto(install());
                    Runtime.getRuntime().addShutdownHook(new Thread(started.process::destroyForcibly));
                    shared = started;
                    Notes.used("moto", "5.2.5, an emulator of AWS, lenient");
                    return started;
                } catch (IOException | IllegalStateException e) {
                    failure = e;
                }
            }
            throw Notes.missing("moto", String.valueOf(failure.getMessage()), failure);
        }
        return there;
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /** Any credentials do. */
    AwsOptions.Builder options() {
        return AwsOptions.builder()
                .region("eu-central-1")
                .endpoint(endpoint())
                .credentials(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIATEST", "secret-of-moto")));
    }

    /** Stops its process where it is: it takes requests and does not answer. */
    void stall() {
        signal("STOP");
    }

    void resume() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
            if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
                throw new IllegalStateException("kill -" + name + " failed");
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void await(Path log) throws IOException {
        HttpClient http =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
        HttpRequest question = HttpRequest.newBuilder(endpoint().resolve("/moto-api/"))
                .timeout(Duration.ofSeconds(10))
                .build();
        long end = System.nanoTime() + READY.toNanos();
        while (System.nanoTime() - end < 0 && process.isAlive()) {
            try {
                if (http.send(question, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                // Not there yet.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        throw new IllegalStateException("moto did not start: "
                + Files.readString(log).lines().reduce((a, b) -> b).orElse("it said nothing"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static Path install() throws IOException {
        try {
            return Scripts.path("moto");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
