package io.sealwright.kms.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Runs each frequent command once, in a home of its own that it removes: the launcher has the JVM write down the
 * classes that are loaded by then, so that later calls start fast. Never part of a user's run.
 */
final class Training {
    private Training() {}

    /** Takes no arguments; fails if a command does, since the archive would then lack what it needs. */
    public static void main(String[] args) throws IOException {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "off");
        Path home = Files.createTempDirectory("kms-training");
        try {
            Path plain = Files.write(home.resolve("a"), new byte[200_000]);
            String sealed = home.resolve("a.sealed").toString();
            run(home, "encrypt", plain.toString());
            run(home, "inspect", sealed);
            run(home, "inspect", "--json", sealed);
            run(home, "decrypt", sealed, "-o", "-");
            run(home, "rewrap", sealed);
            run(home, "key", "list");
            run(home, "encrypt", "-", "-o", "-");
        } finally {
            try (Stream<Path> files = Files.walk(home)) {
                for (Path file :
                        files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void run(Path home, String... args) {
        Surroundings here = new Surroundings(
                Map.of("KMS_HOME", home.resolve("home").toString()),
                null,
                new ByteArrayInputStream(new byte[0]),
                OutputStream.nullOutputStream(),
                System.err,
                Surroundings.Terminals.NONE,
                new Unfinished());
        int code = Cli.run(here, args);
        if (code != 0) {
            throw new IllegalStateException("training failed: " + String.join(" ", args) + " gave " + code);
        }
    }
}
