package io.sealwright.kms.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command has: its surroundings, and help. */
abstract class Command implements Callable<Integer> {
    private @Nullable Surroundings surroundings;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    final void surroundings(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    final Surroundings here() {
        return Objects.requireNonNull(surroundings, "surroundings");
    }

    final CommandSpec spec() {
        return Objects.requireNonNull(spec, "spec");
    }

    /** Writes text to standard output as it is. */
    final void print(String text) {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    private void write(byte[] bytes) {
        Target out = Target.standardOutput(here());
        try (out) {
            out.open().write(bytes);
            out.finish(null);
        } catch (IOException e) {
            throw out.isBrokenPipe() ? new BrokenPipe(e) : out.failure(e);
        }
    }

    static void refuse(String option, @Nullable Object value) {
        if (value != null) {
            throw Failure.laterRelease("the option " + option);
        }
    }
}
