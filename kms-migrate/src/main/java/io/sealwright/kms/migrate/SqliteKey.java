package io.sealwright.kms.migrate;

import java.sql.Connection;
import java.sql.SQLException;

/** What SQLite's catalogue says about a table that is to be paged by a column. */
final class SqliteKey {
    private SqliteKey() {}

    /** SQLite takes nulls in a primary key that is not said to be NOT NULL; then the rows themselves are looked at. */
    static void demand(Connection connection, ColumnNames names, boolean nullable) throws SQLException {
        boolean primary = "1"
                .equals(Dialect.one(
                        connection,
                        "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2 AND pk = 1"
                                + " AND (SELECT max(pk) FROM pragma_table_info(?1)) = 1",
                        names.table(),
                        names.key()));
        boolean unique = "1"
                .equals(Dialect.one(
                        connection,
                        "SELECT 1 FROM pragma_index_list(?1) l WHERE l.\"unique\" = 1 AND l.partial = 0"
                                + " AND (SELECT count(*) FROM pragma_index_info(l.name)) = 1"
                                + " AND (SELECT name FROM pragma_index_info(l.name)) = ?2",
                        names.table(),
                        names.key()));
        if (!primary && (nullable || !unique)) {
            throw ColumnNames.notUnique(names);
        }
    }
}
