package io.sealwright.kms.spi;

import io.sealwright.kms.error.ClosedException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What one key or secret uses until it is closed: a client of its own, or its part in a session that others share. For
 * providers. Safe for concurrent use.
 *
 * @param <T> the type of what is used
 */
public final class UntilClosed<T> implements AutoCloseable {
    private final T used;
    private final Runnable release;
    private final String user;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Takes it.
     *
     * @param used what is used
     * @param release run once, by the first {@link #close}; must not throw
     * @param user who uses it, without secrets, as the error begins: {@code "The key vault-transit://…"}
     */
    public UntilClosed(T used, Runnable release, String user) {
        this.used = Objects.requireNonNull(used, "used");
        this.release = Objects.requireNonNull(release, "release");
        this.user = Objects.requireNonNull(user, "user");
    }

    /**
     * What is used. Whoever got it before {@link #close} may still be using it then.
     *
     * @throws ClosedException if this was closed
     */
    public T get() {
        if (closed.get()) {
            throw new ClosedException(
                    user + " was closed.",
                    "The manager that it belongs to was closed.",
                    "Open a new KeyManager, or keep the old one open until the last call has ended.");
        }
        return used;
    }

    /** Gives it back. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release.run();
        }
    }
}
