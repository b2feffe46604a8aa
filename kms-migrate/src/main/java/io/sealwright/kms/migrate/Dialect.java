package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Locale;

/** The databases that columns are moved in. */
enum Dialect {
    POSTGRESQL {
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
    },
    SQLITE {
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

    abstract void begin(Connection connection, boolean write) throws SQLException;

    abstract void end(Connection connection) throws SQLException;

    /** The statement that locks rows by their keys; empty where none is needed. */
    abstract String lock(String table, String key, int keys);

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
