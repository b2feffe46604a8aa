package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;

/** What differs between databases. Everything else is the same SQL, in {@link JdbcKeyStore}. */
enum Dialect {
    /**
     * SQLite, in WAL mode.
     *
     * <p>Transactions are begun and ended by statements on connections that commit by themselves: the driver's property
     * {@code transaction_mode} takes the write lock at {@code setAutoCommit(false)} and again after each commit, and a
     * deferred transaction that reads and then writes fails for good (SQLITE_BUSY_SNAPSHOT) when another process wrote
     * between.
     */
    SQLITE("sqlite", List.of("0001-named-keys.sql", "0002-work-claims.sql", "0003-due-times.sql")) {
        @Override
        void prepare(Connection connection) throws SQLException {
            // FULL: a commit that was acknowledged outlives a power cut. secure_delete: freed bytes become zeros.
            Sql.execute(connection, "PRAGMA synchronous = FULL");
            Sql.execute(connection, "PRAGMA secure_delete = ON");
            Sql.execute(connection, "PRAGMA foreign_keys = ON");
        }

        @Override
        void checkVersion(Connection connection) throws SQLException {
            String version = text(connection, "SELECT sqlite_version()");
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
        void prepareStore(Connection connection) throws SQLException {
            if (text(connection, "PRAGMA journal_mode").equalsIgnoreCase("wal")) {
                return;
            }
            String mode = text(connection, "PRAGMA journal_mode = WAL");
            if (!mode.equalsIgnoreCase("wal")) {
                throw new ConfigurationException(
                        "The SQLite database cannot be used as a store.",
                        "Its journal mode stays '" + mode + "': it lies in memory, or where files cannot be shared.",
                        "Use a file on a local disk.");
            }
        }

        @Override
        boolean hasSchema(Connection connection) throws SQLException {
            return text(connection, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'kms_schema'")
                    .equals("1");
        }

        @Override
        String beginWrite() {
            return "BEGIN IMMEDIATE";
        }

        @Override
        String beginRead() {
            return "BEGIN";
        }

        @Override
        String nowMillis() {
            return "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
        }

        @Override
        boolean forget(Connection connection) throws SQLException {
            // First column 1: a reader still needs the log.
            return text(connection, "PRAGMA wal_checkpoint(TRUNCATE)").equals("0");
        }

        /* By SQLite's primary result codes; see sqlite.org/rescode.html. */
        @Override
        Failure failure(SQLException e) {
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
    };

    /** Kinds of failures, each with why and what to do. */
    enum Failure {
        /** Someone else holds the lock; may pass. */
        BUSY(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                "Another process holds its lock.",
                "Try again; if it stays so, look for a process that keeps a transaction open."),
        /** Only reading is allowed. */
        READ_ONLY(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                "It is read-only.",
                "Give this process write permission for the file and its folder."),
        /** No space. */
        FULL(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                "The disk or the quota is full.",
                "Make space; nothing was changed, so the same call can be made again."),
        /** The disk fails. */
        INPUT_OUTPUT(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                "The operating system reported an input or output error.",
                "Check the disk and its free space, then try again."),
        /** The file does not open. */
        CANNOT_OPEN(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                "The file cannot be opened.",
                "Check that the folder is there and that this process may read and write in it."),
        /** Damaged. */
        CORRUPT(
                ErrorCode.KMS_STORE_CORRUPT,
                "It is damaged, or it is not a store of this library.",
                "Keep the file as it is, and restore the store from a backup."),
        /** Anything else. */
        OTHER(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                "The database answered with an error.",
                "See the cause, then try again.");

        private final ErrorCode code;
        private final String why;
        private final String remedy;

        Failure(ErrorCode code, String why, String remedy) {
            this.code = code;
            this.why = why;
            this.remedy = remedy;
        }

        StoreException exception(String what, SQLException cause) {
            return new StoreException(code, what, why, remedy, cause);
        }
    }

    private final String folder;
    private final List<String> migrations;

    Dialect(String folder, List<String> migrations) {
        this.folder = folder;
        this.migrations = migrations;
    }

    /**
     * The dialect of a database, by its product name.
     *
     * @throws ConfigurationException if there is none
     */
    static Dialect of(Connection connection) throws SQLException {
        String product = connection.getMetaData().getDatabaseProductName();
        return switch (product.toLowerCase(Locale.ROOT)) {
            case "sqlite" -> SQLITE;
            default ->
                throw new ConfigurationException(
                        product + " cannot hold a store.",
                        "This release knows SQLite only.",
                        "Give a data source of SQLite, or a file: JdbcKeyStore.sqlite(path).");
        };
    }

    /** Folder of the migrations, relative to this package. */
    final String folder() {
        return folder;
    }

    /** Files of the migrations; the first makes schema 1 of an empty database. */
    final List<String> migrations() {
        return migrations;
    }

    /** Sets what holds for a connection. */
    abstract void prepare(Connection connection) throws SQLException;

    /** Refuses a database too old for our SQL. */
    abstract void checkVersion(Connection connection) throws SQLException;

    /** Sets what holds for the database; only once its schema is known to be ours. */
    abstract void prepareStore(Connection connection) throws SQLException;

    /** Tells whether the table of the schema's version is there. */
    abstract boolean hasSchema(Connection connection) throws SQLException;

    /** Begins a transaction that writes. */
    abstract String beginWrite();

    /** Begins a transaction that reads, all as of one moment. */
    abstract String beginRead();

    /** The database's own clock in milliseconds since 1970, as an expression. */
    abstract String nowMillis();

    /**
     * Lets logs forget what was deleted, as far as the database can.
     *
     * @return false if somebody is in the way
     */
    abstract boolean forget(Connection connection) throws SQLException;

    /** What kind of failure that is. */
    abstract Failure failure(SQLException e);

    private static String text(Connection connection, String sql) throws SQLException {
        return Sql.first(connection, sql, row -> row.getString(1))
                .orElseThrow(() -> new SQLException("no answer to: " + sql));
    }
}
