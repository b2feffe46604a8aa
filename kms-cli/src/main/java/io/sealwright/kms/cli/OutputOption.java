package io.sealwright.kms.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a command's result goes. */
final class OutputOption {
    @Option(
            names = {"-o", "--output"},
            paramLabel = "OUT",
            description = "File to write, or - for standard output.")
    private @Nullable String output;

    boolean isGiven() {
        return output != null;
    }

    /** The file that was named, or null for standard output or if none was. */
    @Nullable
    String file() {
        return output == null || output.equals("-") ? null : output;
    }

    /** What was named, if something was. */
    @Nullable
    Target named(Surroundings here, Source source, boolean force) {
        if (output == null) {
            return null;
        }
        String file = file();
        return file == null ? Target.standardOutput(here) : Target.file(here, file, source, force);
    }

    /**
     * Standard output, for a message that nobody named a place for.
     *
     * @throws Failure if it is a terminal
     */
    static Target pipe(Surroundings here) {
        if (here.terminals().out()) {
            throw new Failure(
                    Failure.Code.KMS_CLI_TERMINAL,
                    "The message is not written to the terminal.",
                    "It is binary, and would spoil the display.",
                    "Give a file with -o, send the output into a pipe, or say -o - to see it all the same.");
        }
        return Target.standardOutput(here);
    }
}
