package io.sealwright.kms.cli;

import java.io.IOException;

/** What a command does between its input and its output, and whose failure a failure was. */
interface Work {
    void run() throws IOException;

    /**
     * Runs it.
     *
     * @throws BrokenPipe if the output's reader has gone
     * @throws Failure if input or output failed
     */
    static void between(Source source, Target target, Work work) {
        try {
            work.run();
        } catch (IOException | RuntimeException e) {
            throw cause(source, target, e);
        }
    }

    private static RuntimeException cause(Source source, Target target, Exception e) {
        IOException written = target.failure();
        if (written != null) {
            return target.isBrokenPipe() ? new BrokenPipe(e) : target.failure(written);
        }
        IOException read = source.failure();
        if (read != null) {
            return Failure.reading(source.name(), read);
        }
        if (e instanceof IOException io) {
            return target.failure(io);
        }
        return (RuntimeException) e;
    }
}
