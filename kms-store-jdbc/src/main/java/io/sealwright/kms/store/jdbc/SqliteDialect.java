package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * SQLite, in WAL mode.
 *
 * <p>Transactions are begun and ended by statements on connections that commit by themselves: the driver's property
 * {@code transaction_mode} takes the write lock at {@code setAutoCommit(false)} and again after each commit, and a
 * deferred transaction that reads and then writes fails for good (SQLITE_BUSY_SNAPSHOT) when another process wrote
 * between.
 */
final class SqliteDialect implements Dialect {
    @Override
    public String product() {
        return "SQLite";
    }

    @Override
    public String folder() {
        return "sqlite";
    }

    @Override
    public List<String> migrations() {
        return List.of("0001-named-keys.sql", "0002-work-claims.sql", "0003-due-times.sql");
    }

    @Override
    public void prepare(Connection connection) throws SQLException {
        // FULL: a commit that was acknowledged outlives a power cut. secure_delete: freed bytes become zeros.
        Sql.execute(connection, "PRAGMA synchronous = FULL");
        Sql.execute(connection, "PRAGMA secure_delete = ON");
        Sql.execute(connection, "PRAGMA foreign_keys = ON");
    }

    @Override
    public void checkVersion(Connection connection) throws SQLException {
        String version = Dialect.text(connection, "SELECT sqlite_version()");
        String[] parts = version.split("\\.", -1);
        int number = Integer.parseInt(parts[0]) * 1000 + Integer.parseInt(parts[1]);
        if (number < 3043) {
            throw new ConfigurationException(
                    "SQLite " + version + " is too old.",
                    "The store needs octet_length(), which came with 3.43.",
                    "Raise org.xerial:sqlite-jdbc to 3.43.0.0 or later.");
        }
    }

    @Override
    public void prepareStore(Connection connection) throws SQLException {
        if (Dialect.text(connection, "PRAGMA journal_mode").equalsIgnoreCase("wal")) {
            return;
        }
        String mode = Dialect.text(connection, "PRAGMA journal_mode = WAL");
        if (!mode.equalsIgnoreCase("wal")) {
            throw new ConfigurationException(
                    "The SQLite database cannot be used as a store.",
                    "Its journal mode stays '" + mode + "': it lies in memory, or where files cannot be shared.",
                    "Use a file on a local disk.");
        }
    }

    @Override
    public boolean hasSchema(Connection connection) throws SQLException {
        return Dialect.text(
                        connection, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'kms_schema'")
                .equals("1");
    }

    /** Nothing to do: who writes is alone. */
    @Override
    public void lockSchema(Connection connection) {}

    @Override
    public String beginWrite() {
        return "BEGIN IMMEDIATE";
    }

    @Override
    public String beginRead() {
        return "BEGIN";
    }

    @Override
    public String lockRows() {
        return "";
    }

    @Override
    public String revision() {
        return "SELECT revision FROM kms_state";
    }

    @Override
    public String countChange() {
        return "UPDATE kms_state SET revision = revision + 1";
    }

    @Override
    public String nowMillis() {
        return "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
    }

    /** It runs in this process. */
    @Override
    public boolean hasOwnClock() {
        return false;
    }

    @Override
    public boolean overwrites() {
        return true;
    }

    @Override
    public List<String> damages(Connection connection) throws SQLException {
        return Sql.list(connection, "PRAGMA quick_check(10)", row -> row.getString(1)).stream()
                .filter(line -> !line.equals("ok"))
                .toList();
    }

    @Override
    public boolean forget(Connection connection) throws SQLException {
        // First column 1: a reader still needs the log.
        return Dialect.text(connection, "PRAGMA wal_checkpoint(TRUNCATE)").equals("0");
    }

    /** By SQLite's primary result codes; see sqlite.org/rescode.html. */
    @Override
    public Failure failure(SQLException e) {
        return switch (e.getErrorCode() & 0xff) {
            case 5, 6 -> Failure.BUSY;
            case 8 -> Failure.READ_ONLY;
            case 13 -> Failure.FULL;
            case 10 -> Failure.INPUT_OUTPUT;
            case 14 -> Failure.CANNOT_OPEN;
            // CORRUPT and NOTADB; ERROR, SCHEMA, TOOBIG, CONSTRAINT, MISMATCH: tables are not as we made them.
            case 11, 26, 1, 17, 18, 19, 20 -> Failure.CORRUPT;
            default -> Failure.OTHER;
        };
    }
}
