package io.sealwright.kms.cli;

import io.sealwright.kms.cli.doctor.VariablesCheck;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything of the process that a command can see, so that a test can stand in its place.
 *
 * @param environment the environment variables
 * @param userHome the user's home directory, or null if there is none
 * @param in standard input
 * @param out standard output, unbuffered: it belongs to data
 * @param err standard error
 * @param terminals which of the three are terminals
 * @param unfinished files that a signal must remove
 */
record Surroundings(
        Map<String, String> environment,
        @Nullable String userHome,
        InputStream in,
        OutputStream out,
        OutputStream err,
        Terminals terminals,
        Unfinished unfinished) {
    /** Which standard streams a person is looking at. */
    record Terminals(boolean in, boolean out, boolean err) {
        static final Terminals NONE = new Terminals(false, false, false);
    }

    static Surroundings ofProcess() {
        return new Surroundings(
                System.getenv(),
                System.getProperty("user.home"),
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                new Terminals(isTerminal(0), isTerminal(1), isTerminal(2)),
                new Unfinished());
    }

    boolean debug() {
        return VariablesCheck.isOn(environment.get("KMS_DEBUG"));
    }

    /** Writes one line to standard error, with everything escaped that could move a terminal's cursor. */
    void say(String line) {
        writeError(Printable.text(line) + "\n");
    }

    /** Writes text to standard error as it is. */
    void writeError(String text) {
        try {
            err.write(text.getBytes(StandardCharsets.UTF_8));
            err.flush();
        } catch (IOException e) {
            // Nobody is left to tell: the exit code still says it.
        }
    }

    /** Whether standard output is a pipe: the system's words for a broken one depend on the language. */
    boolean outIsPipe() {
        if (!(out instanceof FileOutputStream)) {
            return false;
        }
        try {
            String name = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
            return name.startsWith("pipe:") || name.startsWith("socket:");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    private static boolean isTerminal(int descriptor) {
        Path links = Path.of("/proc/self/fd");
        if (!Files.isDirectory(links)) {
            return isConsole();
        }
        try {
            String name = Files.readSymbolicLink(links.resolve(Integer.toString(descriptor)))
                    .toString();
            return name.startsWith("/dev/pts/") || name.startsWith("/dev/tty") || name.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    // Where there is no /proc: true only if input and output both are terminals. From JDK 22 on a console is always
    // there and says by a method of its own whether it is a terminal.
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isConsole() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
