package io.sealwright.kms.migrate;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One connection for a whole job, taken from the caller's data source, replaced when it is lost, and given back as it was.
 * What runs on it may run twice, since the answer to a commit can be lost. Used by one thread.
 */
final class JdbcSession implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int ANSWER_SECONDS = 30;
    private static final int NETWORK_MILLIS = 60_000;

    private final DataSource dataSource;
    private final Stop stop;
    private @Nullable Lease lease;

    JdbcSession(DataSource dataSource, Stop stop) {
        this.dataSource = dataSource;
        this.stop = stop;
    }

    /** One transaction. */
    interface Work<T> {
        T on(Connection connection, Dialect dialect) throws SQLException;
    }

    /** A connection, and how it was before. */
    private record Lease(
            Connection connection, Dialect dialect, boolean autoCommit, int isolation, int networkMillis) {}

    <T> T read(String what, Work<T> work) {
        return run(what, false, work);
    }

    <T> T write(String what, Work<T> work) {
        return run(what, true, work);
    }

    private <T> T run(String what, boolean write, Work<T> work) {
        long until = System.nanoTime() + PATIENCE.toNanos();
        Backoff backoff = new Backoff(stop);
        while (true) {
            Dialect dialect = lease == null ? Dialect.POSTGRESQL : lease.dialect();
            try {
                Lease held = leased();
                dialect = held.dialect();
                held.dialect().begin(held.connection(), write);
                T result = work.on(held.connection(), held.dialect());
                held.dialect().end(held.connection());
                return result;
            } catch (SQLException e) {
                drop();
                if (write && JdbcErrors.isOfTheRow(e, dialect)) {
                    throw new JdbcErrors.RowException(e);
                }
                if (!JdbcErrors.isPassing(e, dialect) || stop.isRequested() || System.nanoTime() - until > 0) {
                    throw JdbcErrors.typed(what, e);
                }
                backoff.pause();
            } catch (RuntimeException | Error e) {
                drop();
                throw e;
            }
        }
    }

    private Lease leased() throws SQLException {
        Lease held = lease;
        if (held != null) {
            return held;
        }
        Connection connection = dataSource.getConnection();
        try {
            Dialect dialect = Dialect.of(connection);
            boolean autoCommit = connection.getAutoCommit();
            int isolation = connection.getTransactionIsolation();
            int networkMillis = 0;
            if (dialect == Dialect.POSTGRESQL) {
                networkMillis = connection.getNetworkTimeout();
                connection.setNetworkTimeout(Runnable::run, NETWORK_MILLIS);
                connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            }
            connection.setAutoCommit(dialect != Dialect.POSTGRESQL);
            held = new Lease(connection, dialect, autoCommit, isolation, networkMillis);
            lease = held;
            return held;
        } catch (SQLException | RuntimeException | Error e) {
            try (connection) {
                throw e;
            }
        }
    }

    /** Prepares a statement that is answered in time. */
    static PreparedStatement prepare(Connection connection, String sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.setQueryTimeout(ANSWER_SECONDS);
        return statement;
    }

    /** Gives the connection back outside of any transaction, or ends it: whoever gets it next must not stand in ours. */
    private void drop() {
        Lease held = lease;
        lease = null;
        if (held == null) {
            return;
        }
        try (Connection connection = held.connection()) {
            try {
                if (held.dialect() == Dialect.POSTGRESQL) {
                    connection.rollback();
                    connection.setTransactionIsolation(held.isolation());
                    connection.setNetworkTimeout(Runnable::run, held.networkMillis());
                } else {
                    rollBack(connection);
                }
                connection.setAutoCommit(held.autoCommit());
            } catch (SQLException e) {
                connection.abort(Runnable::run);
            }
        } catch (SQLException e) {
            // It was lost already.
        }
    }

    private static void rollBack(Connection connection) throws SQLException {
        try {
            Dialect.execute(connection, "ROLLBACK");
        } catch (SQLException e) {
            // There was nothing to roll back; if a transaction can begin, there is none.
            Dialect.execute(connection, "BEGIN");
            Dialect.execute(connection, "ROLLBACK");
        }
    }

    @Override
    public void close() {
        drop();
    }
}
