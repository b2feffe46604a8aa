package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.store.jdbc.Connections.Lease;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs transactions, and repeats those that met another one or a lost connection. Safe for concurrent use.
 *
 * <p>What is repeated must do no harm the second time: a connection that is lost during a commit leaves open whether
 * it was made.
 */
final class Transactions implements AutoCloseable {
    /** How long an erasing change waits for readers, before the log is left to the next change. */
    private static final Duration MAX_FORGET_WAIT = Duration.ofSeconds(1);

    /** For how long lost connections are replaced: as long as a server that was killed takes to start again. */
    private static final Duration MAX_LOST = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(Transactions.class);

    private final Connections connections;
    private final Dialect dialect;
    private final Duration maxWait;
    private volatile boolean closed;

    /** Committed changes that left wraps in the log; one to begin with, for what a killed process may have left. */
    private final AtomicLong traces = new AtomicLong(1);

    /** Up to which of them the log was cut. */
    private volatile long tracesCut;

    /**
     * Asks the database what it is.
     *
     * @param maxWait for locks and connections
     * @throws ConfigurationException if no store can be in it
     */
    Transactions(Connections connections, Duration maxWait) {
        this.connections = connections;
        this.maxWait = maxWait;
        this.dialect = detect(connections);
    }

    private static Dialect detect(Connections connections) {
        try {
            return connections.dialect();
        } catch (SQLException e) {
            // Nobody knows yet whose codes these are; states of SQL's own are common to all.
            Failure failure = e.getSQLState() == null ? Failure.OTHER : Dialect.POSTGRESQL.failure(e);
            throw failure.exception("The store in " + connections.place() + " does not open.", e);
        }
    }

    Dialect dialect() {
        return dialect;
    }

    String place() {
        return connections.place();
    }

    /** What is done with a connection. */
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    /** What is written; may be run again after it was committed. */
    interface Change<T> {
        T make(Connection connection, Outcome outcome) throws SQLException;
    }

    /** What a change says of itself, and learns of itself. */
    static final class Outcome {
        private boolean leavesTraces;
        private boolean inDoubt;

        /** Says that secrets were replaced or erased, which lie in the log still. */
        void leavesTraces() {
            leavesTraces = true;
        }

        /** Whether the same change may have been committed before, by this very call. */
        boolean inDoubt() {
            return inDoubt;
        }
    }

    /** Runs what needs no transaction. */
    <T> T outside(String failing, Work<T> work) {
        return attempt(failing, false, lease -> {
            try {
                return work.on(lease.connection());
            } catch (SQLException e) {
                lease.spoil();
                throw e;
            }
        });
    }

    /** Reads, all as of one moment. */
    <T> T read(String failing, Work<T> work) {
        return attempt(
                failing,
                false,
                lease -> transact(lease, dialect.beginRead(), new Outcome(), () -> work.on(lease.connection())));
    }

    /** Writes, whole or not at all, durable when this returns. */
    <T> T write(String failing, Change<T> change) {
        Outcome outcome = new Outcome();
        return attempt(failing, true, lease -> {
            outcome.leavesTraces = false;
            T result = transact(lease, dialect.beginWrite(), outcome, () -> change.make(lease.connection(), outcome));
            if (outcome.leavesTraces) {
                traces.incrementAndGet();
            }
            forget(lease.connection(), outcome.leavesTraces ? MAX_FORGET_WAIT : Duration.ZERO);
            return result;
        });
    }

    /** What is done with a lease. */
    private interface Task<T> {
        T on(Lease lease) throws SQLException;
    }

    /**
     * Repeats while the database is locked by others, and on another connection when one was lost. The pauses are
     * short and random, never growing: who waits longest must not wait even longer (with SQLite's own growing waits,
     * one of four processes got nothing for seconds).
     */
    private <T> T attempt(String failing, boolean write, Task<T> task) {
        long begun = System.nanoTime();
        boolean lost = false;
        while (true) {
            if (closed) {
                throw StoreErrors.closed();
            }
            try (Lease lease = connections.lease(write, begun + maxWait.toNanos())) {
                return task.on(lease);
            } catch (SQLException e) {
                Failure failure = dialect.failure(e);
                lost |= failure == Failure.LOST;
                if (!mayRepeat(failure, lost, System.nanoTime() - begun)) {
                    throw failure.exception("The store in " + place() + " " + failing + ".", e);
                }
                LOG.debug("The store in {} is asked again: {}", place(), failure, e);
            }
            pause(lost ? 50_000 : 5_000);
        }
    }

    private boolean mayRepeat(Failure failure, boolean lost, long sinceNanos) {
        return switch (failure) {
            case BUSY, CROWDED -> sinceNanos < maxWait.toNanos();
            case LOST -> sinceNanos < MAX_LOST.toNanos();
            case AWAY -> lost && sinceNanos < MAX_LOST.toNanos();
            case SLOW, DENIED, NO_DATABASE, READ_ONLY, FULL, INPUT_OUTPUT, CANNOT_OPEN, CORRUPT, OTHER -> false;
        };
    }

    private static void pause(int mostMicros) {
        try {
            TimeUnit.MICROSECONDS.sleep(ThreadLocalRandom.current().nextInt(200, mostMicros));
        } catch (InterruptedException e) {
            throw StoreErrors.interrupted(e);
        }
    }

    /** What is done in a transaction. */
    private interface Step<T> {
        T run() throws SQLException;
    }

    private <T> T transact(Lease lease, String begin, Outcome outcome, Step<T> step) throws SQLException {
        Connection connection = lease.connection();
        try {
            Sql.execute(connection, begin);
        } catch (SQLException e) {
            if (dialect.failure(e) != Failure.BUSY) {
                lease.spoil();
            }
            throw e;
        }
        try {
            T result = step.run();
            outcome.inDoubt = true;
            Sql.execute(connection, "COMMIT");
            return result;
        } catch (SQLException | RuntimeException | Error e) {
            try {
                Sql.execute(connection, "ROLLBACK");
            } catch (SQLException again) {
                // After a full disk SQLite has rolled back by itself; one that stays in a transaction must not be lent.
                e.addSuppressed(again);
                lease.spoil();
            }
            throw e;
        }
    }

    /** Cuts the log. The change is made already, so that nothing here may fail it. */
    private void forget(Connection connection, Duration wait) {
        long seen = traces.get();
        if (seen == tracesCut) {
            return;
        }
        long deadline = System.nanoTime() + wait.toNanos();
        try {
            while (!forgotten(connection)) {
                if (System.nanoTime() - deadline >= 0) {
                    LOG.info(
                            "Replaced or erased wraps stay in the log of {} until the next change: it is being read.",
                            place());
                    return;
                }
                pause(5_000);
            }
            tracesCut = seen;
        } catch (CallInterruptedException e) {
            LOG.warn("Replaced or erased wraps stay in the log of {} until the next change: interrupted.", place());
        } catch (SQLException e) {
            LOG.warn("Replaced or erased wraps stay in the log of {} until the next change.", place(), e);
        }
    }

    private boolean forgotten(Connection connection) throws SQLException {
        try {
            return dialect.forget(connection);
        } catch (SQLException e) {
            if (dialect.failure(e) == Failure.BUSY) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        closed = true;
        connections.close();
    }
}
