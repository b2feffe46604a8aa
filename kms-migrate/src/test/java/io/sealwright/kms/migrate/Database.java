package io.sealwright.kms.migrate;

import io.sealwright.kms.testbed.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.sqlite.SQLiteDataSource;

/** The databases that columns are moved in, each with a table that holds nothing yet. */
enum Database {
    SQLITE,
    POSTGRESQL;

    DataSource fresh(Path folder) throws SQLException {
        if (this == SQLITE) {
            SQLiteDataSource made = new SQLiteDataSource();
            made.setUrl("jdbc:sqlite:" + folder.resolve("app.db"));
            run(made, "PRAGMA journal_mode = WAL");
            return made;
        }
        PGSimpleDataSource made = new PGSimpleDataSource();
        made.setUrl(TestPostgres.shared().freshSchema());
        return made;
    }

    /** The type of bytes. */
    String bytes() {
        return this == SQLITE ? "BLOB" : "bytea";
    }

    static void run(DataSource at, String... statements) throws SQLException {
        try (Connection connection = at.getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    static int update(DataSource at, String sql, Object... values) throws SQLException {
        try (Connection connection = at.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return statement.executeUpdate();
        }
    }

    static List<Object> column(DataSource at, String query) throws SQLException {
        try (Connection connection = at.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            List<Object> found = new ArrayList<>();
            while (rows.next()) {
                found.add(rows.getObject(1));
            }
            return found;
        }
    }

    static byte[] bytes(DataSource at, String query) throws SQLException {
        return (byte[]) column(at, query).get(0);
    }
}
