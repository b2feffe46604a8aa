package io.sealwright.kms.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes a connection of the caller's {@link DataSource} for each operation, and gives it back as it was. */
final class DataSourceConnections implements Connections {
    private static final Logger LOG = LoggerFactory.getLogger(DataSourceConnections.class);

    private final DataSource dataSource;

    DataSourceConnections(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    @Override
    public Dialect dialect() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Dialect.of(connection);
        }
    }

    @Override
    public Lease lease(boolean write, long deadlineNanos) throws SQLException {
        Connection connection = dataSource.getConnection();
        Taken taken = new Taken(connection);
        try {
            taken.prepare();
            return taken;
        } catch (SQLException | RuntimeException | Error e) {
            taken.spoil();
            taken.close();
            throw e;
        }
    }

    @Override
    public String place() {
        return "the application's data source";
    }

    /** The data source is the caller's to close. */
    @Override
    public void close() {}

    /** A connection of the pool, with what is to be put back. */
    private static final class Taken implements Lease {
        private final Connection connection;
        private boolean committedByItself = true;
        private int answerMillis = -1;
        private boolean spoilt;

        Taken(Connection connection) {
            this.connection = connection;
        }

        void prepare() throws SQLException {
            Dialect dialect = Dialect.of(connection);
            if (dialect == Dialect.POSTGRESQL) {
                int before = connection.getNetworkTimeout();
                if (before == 0 || before > MAX_ANSWER.toMillis()) {
                    connection.setNetworkTimeout(Runnable::run, (int) MAX_ANSWER.toMillis());
                    answerMillis = before;
                }
            }
            committedByItself = connection.getAutoCommit();
            if (!committedByItself) {
                connection.setAutoCommit(true);
            }
            dialect.prepare(connection);
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
            try (connection) {
                if (spoilt && !freed()) {
                    return;
                }
                if (answerMillis >= 0) {
                    connection.setNetworkTimeout(Runnable::run, answerMillis);
                }
                if (!committedByItself) {
                    connection.setAutoCommit(false);
                }
            } catch (SQLException e) {
                LOG.debug("A connection could not be given back.", e);
            }
        }

        /**
         * Whoever gets it next must not stand in our transaction: rolls back once more, beneath what a pool puts around a
         * connection, and ends one where that fails. (Not each: a pool may lend a closed connection once more.) Whether it
         * goes on.
         */
        private boolean freed() {
            try {
                Connection physical =
                        connection.isWrapperFor(Connection.class) ? connection.unwrap(Connection.class) : connection;
                if (isFree(physical)) {
                    return true;
                }
                connection.abort(Runnable::run);
                physical.close(); // SQLite's driver takes abort() for nothing
            } catch (SQLException e) {
                LOG.debug("A connection that failed does not close.", e);
            }
            return false;
        }

        private static boolean isFree(Connection connection) {
            try {
                Sql.execute(connection, "ROLLBACK");
                return true;
            } catch (SQLException e) {
                LOG.debug("A connection that failed does not roll back.", e);
            }
            try {
                // Where ROLLBACK fails because there is nothing to roll back, a transaction can begin.
                Sql.execute(connection, "BEGIN");
                Sql.execute(connection, "ROLLBACK");
                return true;
            } catch (SQLException e) {
                LOG.debug("A connection that failed stands in a transaction, or is broken: it is closed.", e);
                return false;
            }
        }
    }
}
