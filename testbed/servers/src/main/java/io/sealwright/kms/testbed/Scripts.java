package io.sealwright.kms.testbed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The scripts of the test bed that print where something is, and install it first if it is not there. */
public final class Scripts {
    private Scripts() {}

    /**
     * Runs {@code testbed/NAME}.
     *
     * @return the path that it prints
     * @throws IllegalStateException if it prints none; it has said why
     */
    public static Path path(String name) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        top().resolve("testbed").resolve(name).toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
        if (!process.waitFor(180, TimeUnit.SECONDS) || process.exitValue() != 0 || printed.isEmpty()) {
            throw new IllegalStateException("testbed/" + name + " could not provide it");
        }
        return Path.of(printed);
    }

    /** The folder that everything is in. */
    public static Path top() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("testbed/README.md"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException(
                        "the folder testbed is not above " + Path.of("").toAbsolutePath());
            }
        }
        return folder;
    }
}
