package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.store.jdbc.Connections.Lease;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Up to {@value #MOST} connections, made when they are needed, kept open and lent in order of arrival. Operations take
 * little time each, so that a few connections serve many threads.
 */
final class FewConnections {
    private static final int MOST = 4;
    private static final Logger LOG = LoggerFactory.getLogger(FewConnections.class);

    private final String place;
    private final Maker maker;
    private final Semaphore permits = new Semaphore(MOST, true);
    private final ConcurrentLinkedQueue<Connection> idle = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** Makes connections that commit by themselves. */
    interface Maker {
        Connection connect() throws SQLException;
    }

    FewConnections(String place, Maker maker) {
        this.place = place;
        this.maker = maker;
    }

    /** Lends one; waits for it until the deadline. */
    Lease lease(long deadlineNanos) throws SQLException {
        await(
                () -> !permits.hasQueuedThreads() && permits.tryAcquire(),
                nanos -> permits.tryAcquire(nanos, TimeUnit.NANOSECONDS),
                deadlineNanos,
                place);
        try {
            if (closed) {
                throw StoreErrors.closed();
            }
            Connection connection = idle.poll();
            return new Lent(connection == null ? maker.connect() : connection);
        } catch (SQLException | RuntimeException | Error e) {
            permits.release();
            throw e;
        }
    }

    void close() {
        closed = true;
        closeIdle();
    }

    private void closeIdle() {
        for (Connection connection = idle.poll(); connection != null; connection = idle.poll()) {
            closeQuietly(connection);
        }
    }

    static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.debug("A connection to the store did not close.", e);
        }
    }

    /** Gets what is free, or says that it is not. */
    interface Attempt {
        boolean now();
    }

    /** Waits for something to be free. */
    interface Wait {
        boolean upTo(long nanos) throws InterruptedException;
    }

    /** An interrupted thread gets what is free at once; only waiting ends. */
    static void await(Attempt attempt, Wait wait, long deadlineNanos, String place) {
        if (attempt.now()) {
            return;
        }
        try {
            if (!wait.upTo(deadlineNanos - System.nanoTime())) {
                throw new StoreException(
                        ErrorCode.KMS_STORE_UNAVAILABLE,
                        "The store '" + place + "' did not answer in time.",
                        "Other threads of this process are using it.",
                        "Try again, and check the load of disk or database if it stays so.");
            }
        } catch (InterruptedException e) {
            throw StoreErrors.interrupted(e);
        }
    }

    private final class Lent implements Lease {
        private final Connection connection;
        private boolean spoilt;

        Lent(Connection connection) {
            this.connection = connection;
        }

        @Override
        public Connection connection() {
            return connection;
        }

        @Override
        public void spoil() {
            spoilt = true;
        }

        @Override
        public void close() {
            if (spoilt) {
                closeQuietly(connection);
                closeIdle(); // what broke one has mostly broken all
            } else {
                idle.add(connection);
                if (closed) {
                    closeIdle();
                }
            }
            permits.release();
        }
    }
}
