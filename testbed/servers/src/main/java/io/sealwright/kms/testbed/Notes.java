package io.sealwright.kms.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/** What the report at the end of {@code mvn verify} tells of servers: see {@code testbed/README.md}. */
public final class Notes {
    private Notes() {}

    /** Notes that a test met a server. */
    public static void used(String server, String what) {
        write(server, "used, " + what);
    }

    /**
     * Notes that a server cannot be had, and ends the test: as aborted, which the report counts and names, or as failed
     * if the system property {@code kms.testbed} is {@code required}.
     *
     * @return nothing; for {@code throw}
     */
    public static RuntimeException missing(String server, String why, @Nullable Throwable cause) {
        write(server, "missing, " + why.lines().findFirst().orElse("nobody knows why"));
        if (System.getProperty("kms.testbed", "optional").equals("required")) {
            throw new AssertionError(server + " is missing, and kms.testbed=required: " + why, cause);
        }
        return new TestAbortedException(server + " is missing: " + why, cause);
    }

    private static void write(String server, String text) {
        String folder = System.getProperty("kms.testbed.notes");
        if (folder == null) {
            return; // not started by the build
        }
        try {
            Path notes = Files.createDirectories(Path.of(folder));
            Files.writeString(notes.resolve(server), text + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
