package io.sealwright.kms.core.chunked;

import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.IncompleteStreamException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** From open to closed: what an encrypting stream and an encrypting channel have in common. */
final class WriterLife {
    private final BodyWriter body;
    private final Runnable guard;
    private @Nullable Throwable failure;
    private boolean ended; // finish was called
    private boolean aborted;
    private boolean closed;

    WriterLife(BodyWriter body, Runnable guard) {
        this.body = body;
        this.guard = guard;
    }

    /** What is done between two checks. */
    private interface Step {
        boolean run() throws IOException;
    }

    private boolean guarded(Step step) throws IOException {
        demandUnended();
        try {
            guard.run();
            return step.run();
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
            body.close();
            throw e;
        }
    }

    private void demandUnended() throws IOException {
        Lasting.rethrow(failure);
        if (closed || aborted || ended) {
            String before = closed ? "close" : aborted ? "abort" : "finish";
            throw new ClosedException(
                    "The encrypting stream takes no more.", before + "() was called before.", "Begin a new message.");
        }
    }

    boolean closed() {
        return closed;
    }

    void write(byte[] bytes, int offset, int length) throws IOException {
        guarded(() -> {
            body.write(bytes, offset, length);
            return true;
        });
    }

    boolean writeFrom(InputStream source) throws IOException {
        return guarded(() -> body.writeFrom(source));
    }

    void flush() throws IOException {
        if (ended && failure == null && !closed) {
            return; // finish has flushed
        }
        guarded(() -> {
            body.flush();
            return true;
        });
    }

    /** Idempotent once it succeeded. */
    void finish() throws IOException {
        if (ended && failure == null) {
            return;
        }
        guarded(() -> {
            ended = true;
            body.finish();
            body.close();
            return true;
        });
    }

    long written() {
        return body.written();
    }

    /** After a finish there is nothing left to give up. */
    void abort() {
        aborted = true;
        body.close();
    }

    void close() {
        if (closed) {
            return;
        }
        closed = true;
        body.close();
        if (!ended && !aborted) {
            throw new IncompleteStreamException(
                    "The encrypted message is incomplete.",
                    "close() was called before finish(), so what was written will not open.",
                    "Call finish() after the last byte, or abort() to give the message up.");
        }
    }
}
