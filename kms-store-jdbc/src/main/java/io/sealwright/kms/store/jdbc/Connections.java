package io.sealwright.kms.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** Where a store's connections come from. Safe for concurrent use. */
interface Connections extends AutoCloseable {
    /** How long one answer of a database over the network may take; more than any statement may take there. */
    Duration MAX_ANSWER = Duration.ofSeconds(10);

    /** The dialect of the database. */
    Dialect dialect() throws SQLException;

    /**
     * Lends a connection that commits by itself. Waits for one, or for its turn to write, until the deadline.
     *
     * @param write whether the caller is going to write
     * @param deadlineNanos of {@link System#nanoTime}
     */
    Lease lease(boolean write, long deadlineNanos) throws SQLException;

    /** Where the data lies, for people. */
    String place();

    @Override
    void close();

    /** A connection lent; closing gives it back. */
    interface Lease extends AutoCloseable {
        Connection connection();

        /** Says that the connection may be in a bad state and is not to be lent again. */
        void spoil();

        @Override
        void close();
    }
}
