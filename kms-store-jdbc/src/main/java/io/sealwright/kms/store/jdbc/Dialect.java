package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;

/** What differs between databases. Everything else is the same SQL, in {@link KeyRows} and {@link JdbcKeyStore}. */
interface Dialect {
    Dialect SQLITE = new SqliteDialect();
    Dialect POSTGRESQL = new PostgresDialect();

    /**
     * The dialect of a database, by its product name.
     *
     * @throws ConfigurationException if there is none
     */
    static Dialect of(Connection connection) throws SQLException {
        String product = connection.getMetaData().getDatabaseProductName();
        return switch (product.toLowerCase(Locale.ROOT)) {
            case "sqlite" -> SQLITE;
            case "postgresql" -> POSTGRESQL;
            default ->
                throw new ConfigurationException(
                        product + " cannot hold a store.",
                        "This release knows SQLite and PostgreSQL.",
                        "Give a data source of one of them, or a file: JdbcKeyStore.sqlite(path).");
        };
    }

    /** What people call the database. */
    String product();

    /** Folder of the migrations, relative to this package. */
    String folder();

    /** Files of the migrations; the first makes schema 1 of an empty database. */
    List<String> migrations();

    /** Sets what holds for a connection. */
    void prepare(Connection connection) throws SQLException;

    /** Refuses a database too old for our SQL. */
    void checkVersion(Connection connection) throws SQLException;

    /** Sets what holds for the database, or checks it; only once its schema is known to be ours. */
    void prepareStore(Connection connection) throws SQLException;

    /** Tells whether the table of the schema's version is there. */
    boolean hasSchema(Connection connection) throws SQLException;

    /** Makes this transaction, one that writes, the only one that changes the schema. */
    void lockSchema(Connection connection) throws SQLException;

    /** Begins a transaction that writes. */
    String beginWrite();

    /** Begins a transaction that reads, all as of one moment. */
    String beginRead();

    /** What a query ends with that is to lock the rows it finds, where the transaction has not locked all. */
    String lockRows();

    /** The query for what differs after every change. */
    String revision();

    /** The statement that makes it differ; the last one of a transaction. */
    String countChange();

    /** The database's own clock in milliseconds since 1970, as an expression. */
    String nowMillis();

    /** Whether that clock may be another machine's. */
    boolean hasOwnClock();

    /** Whether overwriting a value puts the new bytes where the old ones were. */
    boolean overwrites();

    /**
     * Lets logs forget what was deleted, as far as the database can.
     *
     * @return false if somebody is in the way
     */
    boolean forget(Connection connection) throws SQLException;

    /** A line for each damage that the database finds in its files, ten at most; nothing if it cannot look. */
    List<String> damages(Connection connection) throws SQLException;

    /** What kind of failure that is. */
    Failure failure(SQLException e);

    /** The first column of the first row. */
    static String text(Connection connection, String sql) throws SQLException {
        return Sql.first(connection, sql, row -> row.getString(1))
                .orElseThrow(() -> new SQLException("no answer to: " + sql));
    }
}
