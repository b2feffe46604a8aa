package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * Brings the schema to the version of this release, each step a numbered file of statements. Version and steps change
 * in one transaction under a lock, so that processes that start together do it once, and a process killed
 * between leaves the old schema.
 */
final class Migrator {
    private final Dialect dialect;
    private final List<String> migrations;
    private final String place;

    Migrator(Dialect dialect, String place) {
        this.dialect = dialect;
        this.migrations = dialect.migrations();
        this.place = place;
    }

    /**
     * The schema's version; 0 if there is none yet. Writes nothing.
     *
     * @throws StoreException if it is newer than this release, or the version's row was tampered with
     */
    int version(Connection connection) throws SQLException {
        if (!dialect.hasSchema(connection)) {
            return 0;
        }
        record Found(long rows, long version) {}
        Found found = Sql.first(
                        connection,
                        "SELECT count(*), coalesce(max(version), 0) FROM kms_schema",
                        row -> new Found(row.getLong(1), row.getLong(2)))
                .orElseThrow();
        if (found.rows() != 1 || found.version() < 1) {
            throw new StoreException(
                    ErrorCode.KMS_STORE_CORRUPT,
                    "The store '" + place + "' does not tell its version.",
                    "Its table kms_schema must hold one row with a positive number, and does not.",
                    "Keep the store as it is, and restore it from a backup.");
        }
        if (found.version() > migrations.size()) {
            throw new StoreException(
                    ErrorCode.KMS_STORE_NEWER,
                    "The store '" + place + "' has schema " + found.version() + ".",
                    "It was written by a newer release: this one knows schemas up to " + migrations.size() + ".",
                    "Use the newer release; nothing was changed.");
        }
        return (int) found.version();
    }

    boolean isCurrent(int version) {
        return version == current();
    }

    /** The version that this release makes. */
    int current() {
        return migrations.size();
    }

    /** Runs the steps that are missing. To be called in a transaction that writes. */
    void migrate(Connection connection) throws SQLException {
        dialect.lockSchema(connection);
        int version = version(connection);
        if (isCurrent(version)) {
            return;
        }
        if (version == 0) {
            Sql.execute(connection, "CREATE TABLE kms_schema (version INTEGER NOT NULL)");
            Sql.update(connection, "INSERT INTO kms_schema (version) VALUES (?)", 0);
        }
        for (String file : migrations.subList(version, migrations.size())) {
            for (String statement : statements(dialect.folder() + "/" + file)) {
                Sql.execute(connection, statement);
            }
        }
        Sql.update(connection, "UPDATE kms_schema SET version = ?", migrations.size());
    }

    /** Statements end with a semicolon at the end of a line; comments are whole lines. */
    private static List<String> statements(String resource) {
        try (InputStream in = Migrator.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new KmsBugException("the migration " + resource + " is not in the jar", null);
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            String code = text.replaceAll("(?m)^\\s*--.*$", "");
            return List.of(code.split(";\\s*\\R")).stream()
                    .map(String::strip)
                    .filter(statement -> !statement.isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new KmsBugException("the migration " + resource + " cannot be read", e);
        }
    }
}
