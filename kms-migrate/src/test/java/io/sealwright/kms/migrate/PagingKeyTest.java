package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Columns by which some rows could not be found are refused, however they came to look like a key. */
@Timeout(120)
class PagingKeyTest extends MovedOrders {
    private Migration job(KeyManager kms, DataSource at, String table) {
        return Migration.of(kms).column(at, table, "id", "card").batch(1);
    }

    private void insert(DataSource at, String table, Object... ids) throws SQLException {
        KeyManager app = kms(b -> b.masterKey(from.twin()));
        for (Object id : ids) {
            Database.update(
                    at,
                    "INSERT INTO " + table + " (id, card) VALUES (?, ?)",
                    id,
                    app.encrypt("x").toBytes());
        }
    }

    private void refused(DataSource at, String table, String why) {
        assertThatThrownBy(() -> job(moving(), at, table).run())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(why);
        assertThat(from.calls() + to.calls()).as("before any key was asked").isZero();
    }

    @ParameterizedTest
    @EnumSource
    void uniqueForSomeRowsOnly_isRefused(Database database) throws Exception {
        DataSource at = database.fresh(folder);
        Database.run(
                at,
                "CREATE TABLE t (id integer NOT NULL, card " + database.bytes() + ", active integer)",
                "CREATE UNIQUE INDEX part ON t (id) WHERE active = 1");
        insert(at, "t", 1, 1, 2);
        refused(at, "t", "does not tell the rows");
        Database.run(at, "DELETE FROM t WHERE id = 1", "CREATE UNIQUE INDEX every ON t (id)");
        assertThat(job(moving(), at, "t").run().clean()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void uniqueByAnExpressionOrOfSeveralColumns_isRefused(Database database) throws Exception {
        DataSource at = database.fresh(folder);
        Database.run(
                at,
                "CREATE TABLE t (id integer NOT NULL, card " + database.bytes() + ", n integer, UNIQUE (id, n))",
                "CREATE UNIQUE INDEX other ON t (abs(id + n))");
        refused(at, "t", "does not tell the rows");
    }

    @Test
    void uniqueIndexThatWasNotBuiltToItsEnd_isRefused() throws Exception {
        DataSource at = Database.POSTGRESQL.fresh(folder);
        Database.run(at, "CREATE TABLE t (id integer NOT NULL, card bytea)");
        insert(at, "t", 1, 1, 2);
        assertThatThrownBy(() -> Database.run(at, "CREATE UNIQUE INDEX CONCURRENTLY broken ON t (id)"))
                .isInstanceOf(SQLException.class);
        refused(at, "t", "does not tell the rows");
    }

    @Test
    void tableThatOthersInheritFrom_isRefused_partitionsAreNot() throws Exception {
        DataSource at = Database.POSTGRESQL.fresh(folder);
        Database.run(
                at,
                "CREATE TABLE t (id integer PRIMARY KEY, card bytea)",
                "CREATE TABLE child () INHERITS (t)",
                "CREATE TABLE p (id integer PRIMARY KEY, card bytea) PARTITION BY RANGE (id)",
                "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)");
        insert(at, "t", 1);
        insert(at, "child", 1);
        refused(at, "t", "inherit");
        insert(at, "p", 1, 9, 10, 19);
        MigrationReport report = job(moving(), at, "p").run();
        assertThat(report.moved()).isEqualTo(4);
        assertThat(report.clean()).isTrue();
    }

    @Test
    void tableWhoseRowsAreHidden_isRefused() throws Exception {
        DataSource at = Database.POSTGRESQL.fresh(folder);
        String schema = (String) Database.column(at, "SELECT current_schema()").get(0);
        String user = "reader_" + schema.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "_");
        Database.run(at, "CREATE TABLE t (id integer PRIMARY KEY, card bytea)");
        insert(at, "t", 1, 2);
        Database.run(
                at,
                "CREATE ROLE " + user,
                "GRANT USAGE ON SCHEMA \"" + schema + "\" TO " + user,
                "GRANT SELECT, UPDATE ON t TO " + user,
                "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY one ON t USING (id = 1)");
        try (Connection one = at.getConnection();
                Statement statement = one.createStatement()) {
            statement.execute("SET ROLE " + user);
            refused(Lending.of(one), "t", "Row-level security");
        } finally {
            Database.run(at, "DROP OWNED BY " + user, "DROP ROLE " + user);
        }
    }

    @Test
    void keyOfSqliteThatIsNull_isRefused_othersAreMoved() throws Exception {
        DataSource at = Database.SQLITE.fresh(folder);
        Database.run(at, "CREATE TABLE t (id text PRIMARY KEY, card BLOB)");
        insert(at, "t", "a", null);
        refused(at, "t", "has no key");
        Database.run(at, "DELETE FROM t WHERE id IS NULL");
        assertThat(job(moving(), at, "t").run().clean()).isTrue();
    }

    @Test
    void keyWhoseOrderTakesTwoForOne_hasNoVerdict() throws Exception {
        DataSource at = Database.SQLITE.fresh(folder);
        Database.run(
                at,
                "CREATE TABLE t (id text COLLATE NOCASE NOT NULL, card BLOB)",
                "CREATE UNIQUE INDEX exact ON t (id COLLATE BINARY)");
        insert(at, "t", "a", "A", "b");
        assertThatThrownBy(() -> job(moving(), at, "t").run())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("cannot all be looked at");
    }
}
