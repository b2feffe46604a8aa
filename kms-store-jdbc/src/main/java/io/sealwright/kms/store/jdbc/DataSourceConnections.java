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
        try {
            boolean autoCommit = connection.getAutoCommit();
            if (!autoCommit) {
                connection.setAutoCommit(true);
            }
            Dialect.of(connection).prepare(connection);
            return new Taken(connection, autoCommit);
        } catch (SQLException | RuntimeException | Error e) {
            connection.close();
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

    private record Taken(Connection connection, boolean autoCommit) implements Lease {
        /** Nothing to do: a pool checks what comes back. */
        @Override
        public void spoil() {}

        @Override
        public void close() {
            try (connection) {
                if (!autoCommit) {
                    connection.setAutoCommit(false);
                }
            } catch (SQLException e) {
                LOG.debug("A connection could not be given back.", e);
            }
        }
    }
}
