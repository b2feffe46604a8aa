package io.sealwright.kms.migrate;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** What PostgreSQL's catalogue says about a table that is to be paged by a column. */
final class PostgresKey {
    /**
     * An index counts if it holds every row and was built to its end. That of a parent does not hold the rows of tables that
     * inherit from it, except of partitions.
     */
    private static final String LOOK = """
            SELECT c.relkind <> 'p' AND EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = c.oid),
                   row_security_active(c.oid),
                   a.attnotnull,
                   EXISTS (SELECT 1 FROM pg_index i
                           WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                             AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.oid = ?::regclass AND a.attname = ? AND NOT a.attisdropped
            """;

    private PostgresKey() {}

    static void demand(Connection connection, ColumnNames names) throws SQLException {
        try (PreparedStatement statement = JdbcSession.prepare(connection, LOOK)) {
            statement.setString(1, names.quotedTable());
            statement.setString(2, names.key());
            try (ResultSet found = statement.executeQuery()) {
                boolean there = found.next();
                if (there && found.getBoolean(1)) {
                    throw ColumnNames.wrong(
                            "The table " + names.quotedTable() + " cannot be paged.",
                            "Other tables inherit from it, and no key is unique in all of them.",
                            "Move each of those tables by itself.");
                }
                if (there && found.getBoolean(2)) {
                    throw ColumnNames.wrong(
                            "The rows of " + names.quotedTable() + " cannot all be seen.",
                            "Row-level security is active for this user, and what it hides would stay under the old key.",
                            "Move it as the table's owner, or as a user with BYPASSRLS.");
                }
                if (!there || !found.getBoolean(3) || !found.getBoolean(4)) {
                    throw ColumnNames.notUnique(names);
                }
            }
        }
    }
}
