package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The databases that columns are moved in. */
enum Dialect {
    POSTGRESQL {
        @Override
        void demandUnique(Connection connection, ColumnNames names, boolean nullable) throws SQLException {
            PostgresKey.demand(connection, names);
        }

        @Override
        void snapshot(Connection connection) throws SQLException {
            execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        }

        @Override
        void begin(Connection connection, boolean write) throws SQLException {
            // The transaction began with the connection's last end: auto-commit is off.
        }

        @Override
        void end(Connection connection) throws SQLException {
            connection.commit();
        }

        @Override
        String lock(String table, String key, int keys) {
            // Rows that somebody else holds are left for later: who never waits for a row closes no circle of waiting.
            return "SELECT " + key + " FROM " + table + " WHERE " + key + " IN ("
                    + String.join(",", Collections.nCopies(keys, "?")) + ") FOR NO KEY UPDATE SKIP LOCKED";
        }

        @Override
        String identity(Connection connection, ColumnNames names) throws SQLException {
            // A copy of the server's files has the same numbers, hence where it is, too; a restored table has others.
            boolean tells = "t"
                    .equals(one(
                            connection,
                            "SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE') THEN 't' END"));
            return place(connection.getMetaData().getURL())
                    + " server "
                    + (tells ? one(connection, "SELECT system_identifier FROM pg_control_system()") : "unknown")
                    + " database "
                    + one(connection, "SELECT oid FROM pg_database WHERE datname = current_database()")
                    + " table "
                    + one(connection, "SELECT ?::regclass::oid", names.quotedTable());
        }
    },
    SQLITE {
        @Override
        void demandUnique(Connection connection, ColumnNames names, boolean nullable) throws SQLException {
            SqliteKey.demand(connection, names, nullable);
        }

        @Override
        void snapshot(Connection connection) {
            // Every transaction reads one.
        }

        @Override
        void begin(Connection connection, boolean write) throws SQLException {
            execute(connection, write ? "BEGIN IMMEDIATE" : "BEGIN");
        }

        @Override
        void end(Connection connection) throws SQLException {
            execute(connection, "COMMIT");
        }

        @Override
        String lock(String table, String key, int keys) {
            return ""; // the transaction holds the whole file
        }

        @Override
        String identity(Connection connection, ColumnNames names) throws SQLException {
            String schema = names.schema() == null || names.schema().isEmpty() ? "main" : names.schema();
            String name = one(connection, "SELECT file FROM pragma_database_list WHERE name = ?", schema);
            if (name == null || name.isEmpty()) {
                return "memory";
            }
            try {
                Path file = Path.of(name).toRealPath();
                return file + " "
                        + Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            } catch (IOException e) {
                throw FileErrors.failed("The database '" + name + "' cannot be told from others.", e);
            }
        }
    };

    static Dialect of(Connection connection) throws SQLException {
        String product = connection.getMetaData().getDatabaseProductName().toLowerCase(Locale.ROOT);
        for (Dialect dialect : values()) {
            if (dialect.name().toLowerCase(Locale.ROOT).equals(product)) {
                return dialect;
            }
        }
        throw new ConfigurationException(
                "The database is not one that columns are moved in.",
                "It says that it is '" + product + "'; tried are PostgreSQL and SQLite.",
                "Move its rows by a program of your own, with KeyManager.rewrap(...).toMasterKeys().");
    }

    /** Refuses a key that does not tell one row from all others, or a table whose rows this user does not all see. */
    abstract void demandUnique(Connection connection, ColumnNames names, boolean nullable) throws SQLException;

    /** Lets the transaction that has just begun see one moment, however many statements it has. */
    abstract void snapshot(Connection connection) throws SQLException;

    abstract void begin(Connection connection, boolean write) throws SQLException;

    abstract void end(Connection connection) throws SQLException;

    /** The statement that locks rows by their keys; empty where none is needed. */
    abstract String lock(String table, String key, int keys);

    /** Tells the database and the table from others of the same names, copies included; holds no credentials. */
    abstract String identity(Connection connection, ColumnNames names) throws SQLException;

    /** A URL without who connects, and how. */
    private static String place(@Nullable String url) {
        return String.valueOf(url).replaceFirst("[?;].*", "").replaceFirst("//.*@", "//");
    }

    /** One value as text. */
    static @Nullable String one(Connection connection, String sql, String... values) throws SQLException {
        try (PreparedStatement statement = JdbcSession.prepare(connection, sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            try (ResultSet found = statement.executeQuery()) {
                return found.next() ? found.getString(1) : null;
            }
        }
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
