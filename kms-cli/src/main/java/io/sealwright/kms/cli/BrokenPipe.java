package io.sealwright.kms.cli;

/** The reader of our output has gone: no failure of ours, and the end of the work. */
final class BrokenPipe extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** 128 and SIGPIPE, as a shell shows it for programs that the signal ends. */
    static final int EXIT_CODE = 141;

    BrokenPipe(Throwable cause) {
        super(cause);
    }
}
