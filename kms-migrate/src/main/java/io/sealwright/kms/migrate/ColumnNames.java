package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ConfigurationException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names of a table and two of its columns. They reach SQL between double quotes only, as they stand in the catalogue,
 * and only after the catalogue has them.
 *
 * @param schema the table's schema, or null for the connection's own
 * @param table the table
 * @param key the column by which rows are found
 * @param data the column that is moved
 */
record ColumnNames(@Nullable String schema, String table, String key, String data) {
    private static final int MOST_CHARACTERS = 128;

    /** Types of PostgreSQL whose order is the same however they are asked for; not citext, char(n), enums, domains. */
    private static final Set<String> ORDERED =
            Set.of("int2", "int4", "int8", "smallserial", "serial", "bigserial", "numeric", "text", "varchar", "uuid");

    static ColumnNames of(String table, String key, String data) {
        int dot = table.indexOf('.');
        ColumnNames names = new ColumnNames(
                dot < 0 ? null : table.substring(0, dot), dot < 0 ? table : table.substring(dot + 1), key, data);
        if (names.schema != null) {
            check(names.schema, "schema");
        }
        check(names.table, "table");
        check(key, "key column");
        check(data, "column");
        if (key.equals(data)) {
            throw new IllegalArgumentException("the key column cannot be the column that is moved");
        }
        return names;
    }

    private static void check(String name, String what) {
        boolean plain = name.codePoints().noneMatch(c -> c < 0x20 || c == 0x7F || c == '.');
        if (name.isEmpty() || name.length() > MOST_CHARACTERS || !plain) {
            throw new IllegalArgumentException("the name of a " + what + " has 1 to " + MOST_CHARACTERS
                    + " characters, without dots and control characters");
        }
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    String quotedTable() {
        return (schema == null ? "" : quoted(schema) + ".") + quoted(table);
    }

    /** These names with the schema that they mean on this connection. */
    ColumnNames in(Connection connection) throws SQLException {
        return new ColumnNames(schema == null ? connection.getSchema() : schema, table, key, data);
    }

    /** Looks them up; the key must tell one row from all others, or pages and writes would miss some. */
    void demand(Connection connection, Dialect dialect) throws SQLException {
        Map<String, String> types = new HashMap<>();
        Set<String> nullable = new HashSet<>();
        DatabaseMetaData catalogue = connection.getMetaData();
        String escape = catalogue.getSearchStringEscape();
        try (ResultSet columns = catalogue.getColumns(null, pattern(schema, escape), pattern(table, escape), null)) {
            while (columns.next()) {
                if (columns.getString("TABLE_NAME").equals(table)) {
                    String column = columns.getString("COLUMN_NAME");
                    types.put(column, columns.getString("TYPE_NAME").toLowerCase(Locale.ROOT));
                    if (!"NO".equals(columns.getString("IS_NULLABLE"))) {
                        nullable.add(column);
                    }
                }
            }
        }
        for (String column : new String[] {key, data}) {
            if (!types.containsKey(column)) {
                throw wrong(
                        "There is no column " + quoted(column) + " in " + quotedTable() + ".",
                        types.isEmpty() ? "There is no such table that this user sees." : "The table has others.",
                        "Give the names as the catalogue has them: PostgreSQL keeps names without quotes in lower case.");
            }
        }
        if (dialect == Dialect.POSTGRESQL && !ORDERED.contains(types.getOrDefault(key, ""))) {
            throw wrong(
                    "The table " + quotedTable() + " cannot be paged by " + quoted(key) + ".",
                    "It is of type " + types.get(key) + "; whole numbers, numeric, text, varchar and uuid can be.",
                    "Name another unique column.");
        }
        dialect.demandUnique(connection, this, nullable.contains(key));
    }

    private static @Nullable String pattern(@Nullable String name, String escape) {
        return name == null
                ? null
                : name.replace(escape, escape + escape)
                        .replace("_", escape + "_")
                        .replace("%", escape + "%");
    }

    static ConfigurationException notUnique(ColumnNames names) {
        return wrong(
                "The column " + quoted(names.key()) + " does not tell the rows of " + names.quotedTable() + " apart.",
                "It is not the primary key, and not unique and NOT NULL either, for all rows and by an index that is valid.",
                "Name the primary key; for one of several columns, another column that is unique and NOT NULL.");
    }

    static ConfigurationException wrong(String what, String why, String remedy) {
        return new ConfigurationException(what, why, remedy);
    }
}
