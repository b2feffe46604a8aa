package io.sealwright.kms.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A process of its own that talks to the test by lines over pipes. */
public final class ChildJvm implements AutoCloseable {
    private final Process process;
    private final Thread reader;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    public ChildJvm(Class<?> main, String... arguments) throws IOException {
        this(main, "128m", arguments);
    }

    /** @param heap the most it may use, as in {@code 128m} */
    public static ChildJvm withHeap(String heap, Class<?> main, String... arguments) throws IOException {
        return new ChildJvm(main, heap, arguments);
    }

    private ChildJvm(Class<?> main, String heap, String[] arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        if (Runtime.version().feature() >= 24) {
            command.add(1, "--enable-native-access=ALL-UNNAMED"); // SQLite's native library, else a warning
        }
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        reader = new Thread(this::read, "lines of " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            lines.add("broken pipe: " + e);
        }
    }

    /** The next line; fails if none comes in time, which a look through 10,000 keys takes on a busy machine. */
    public String line() throws InterruptedException {
        return line(120);
    }

    /** The next line; fails if none comes within so many seconds. */
    public String line(long seconds) throws InterruptedException {
        String line = lines.poll(seconds, TimeUnit.SECONDS);
        if (line == null) {
            throw new AssertionError("the child said nothing for " + seconds + " seconds");
        }
        return line;
    }

    /** Whether all lines that came were taken: the last one is what the child is doing now. */
    public boolean isRead() {
        return lines.isEmpty();
    }

    /** The lines that came and were not taken yet. */
    public List<String> soFar() {
        List<String> come = new ArrayList<>();
        lines.drainTo(come);
        return come;
    }

    /** All lines up to the first that begins so. */
    public List<String> upTo(String beginning) throws InterruptedException {
        List<String> until = new ArrayList<>();
        do {
            until.add(line());
        } while (!until.get(until.size() - 1).startsWith(beginning));
        return until;
    }

    /** Kills the child when it has just begun a change, up to so many nanoseconds into it; notes its lines until then. */
    public void killWithinChange(List<String> noted, Random random, int mostNanos) throws InterruptedException {
        do {
            noted.addAll(upTo("begin"));
        } while (!isRead());
        long until = System.nanoTime() + random.nextInt(mostNanos);
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
        kill();
    }

    public void tell(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL, by the handle: {@link Process#destroyForcibly} closes the pipe with what is still in it. */
    public void kill() {
        process.toHandle().destroyForcibly();
    }

    /** All lines that came and were not taken yet, once the process has ended and its pipe is empty. */
    public List<String> rest() throws InterruptedException {
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("the child does not end");
        }
        reader.join(30_000);
        List<String> rest = new ArrayList<>();
        lines.drainTo(rest);
        return rest;
    }

    public int exit() throws InterruptedException {
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("the child does not end");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
