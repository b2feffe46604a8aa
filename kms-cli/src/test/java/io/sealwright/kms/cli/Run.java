package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs a command line in this process, with a home of its own. */
final class Run {
    private final Map<String, String> environment = new HashMap<>();
    private InputStream in = InputStream.nullInputStream();
    private OutputStream out;
    private Surroundings.Terminals terminals = Surroundings.Terminals.NONE;

    /**
     * What came of it.
     *
     * @param code the exit code
     * @param bytes standard output
     * @param err standard error
     */
    record Result(int code, byte[] bytes, String err) {
        String out() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        List<String> errLines() {
            return err.lines().toList();
        }

        /** Demands that all went well. */
        Result done() {
            assertThat(code).as(out() + err).isZero();
            return this;
        }

        /** Demands that it failed, and said so in one line that ends with this code. */
        Result failed(String expected) {
            assertThat(code).as(err).isEqualTo(1);
            assertThat(errLines())
                    .singleElement()
                    .asString()
                    .startsWith("kms: ")
                    .endsWith("[" + expected + "]");
            return this;
        }

        /** Demands that it {@linkplain #failed failed} before it gave anything out. */
        Result refused(String expected) {
            assertThat(failed(expected).out()).isEmpty();
            return this;
        }
    }

    private Run() {}

    static Run at(Path home) {
        return new Run().with("KMS_HOME", home.toString());
    }

    static Run nowhere() {
        return new Run();
    }

    Run with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Run in(byte[] bytes) {
        in = new ByteArrayInputStream(bytes);
        return this;
    }

    Run in(String text) {
        return in(text.getBytes(StandardCharsets.UTF_8));
    }

    Run in(InputStream stream) {
        in = stream;
        return this;
    }

    Run out(OutputStream stream) {
        out = stream;
        return this;
    }

    Run terminals(boolean in, boolean out, boolean err) {
        terminals = new Surroundings.Terminals(in, out, err);
        return this;
    }

    /** What a part of the command line finds around it; whatever it prints is lost but its errors. */
    Surroundings surroundings(OutputStream err, Unfinished unfinished) {
        return surroundings(OutputStream.nullOutputStream(), err, unfinished);
    }

    private Surroundings surroundings(OutputStream printed, OutputStream err, Unfinished unfinished) {
        return new Surroundings(environment, null, in, printed, err, terminals, unfinished);
    }

    Result kms(Object... args) {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] texts = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            texts[i] = args[i].toString();
        }
        int code = Cli.run(surroundings(out == null ? written : out, err, new Unfinished()), texts);
        return new Result(code, written.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }
}
