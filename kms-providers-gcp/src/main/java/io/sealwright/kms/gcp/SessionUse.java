package io.sealwright.kms.gcp;

import io.sealwright.kms.error.ClosedException;
import java.util.concurrent.atomic.AtomicBoolean;

/** One key's or secret's part in a session that others may share: held until it is closed, once. Safe for concurrent use. */
final class SessionUse implements AutoCloseable {
    private final Session<?> session;
    private final String user;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Holds the session.
     *
     * @param user who uses it, for the error: "The key gcp-kms://…"
     */
    SessionUse(Session<?> session, String user) {
        this.session = session.retain();
        this.user = user;
    }

    /**
     * The deadline of a call that begins now.
     *
     * @throws ClosedException if this was closed
     */
    Deadline deadline() {
        if (closed.get()) {
            throw new ClosedException(
                    user + " was closed.",
                    "The manager that it belongs to was closed.",
                    "Open a new KeyManager, or keep the old one open until the last call has ended.");
        }
        return session.deadline();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            session.release();
        }
    }
}
