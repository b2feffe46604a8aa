package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.migrate.MigrationReport.Failure;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a job makes of rows, providers, names and settings that are wrong. */
@Timeout(120)
class MigrationErrorsTest extends MovedOrders {
    @Test
    void run_errors_areCollectedByRowAndTheJobGoesOn() throws Exception {
        DataSource at = filled(Database.SQLITE, 20, 4);
        FaultyMasterKey stranger = new FaultyMasterKey("stranger");
        byte[] foreign = kms(b -> b.masterKey(stranger)).encrypt("x").toBytes();
        byte[] cut = Arrays.copyOf(foreign, 60);
        byte[] changed = Database.bytes(at, "SELECT card FROM orders WHERE id = 1");
        changed[60] ^= 1; // inside the commitment or what lies before it
        for (Object[] row : new Object[][] {{foreign, 3}, {cut, 5}, {changed, 8}, {new byte[0], 9}}) {
            Database.update(at, "UPDATE orders SET card = ? WHERE id = ?", row);
        }
        MigrationReport report = orders(moving(), at).run();
        assertThat(report.complete()).isTrue();
        assertThat(report.clean()).isFalse();
        assertThat(report.failed()).isEqualTo(4);
        assertThat(report.failures()).extracting(Failure::item).containsExactly("3", "5", "8", "9");
        assertThat(report.failures())
                .extracting(failure -> failure.error().code())
                .contains(ErrorCode.KMS_NO_MATCHING_RECIPIENT, ErrorCode.KMS_MESSAGE_MALFORMED);
        assertThat(report.moved()).isEqualTo(14);
        assertThat(report.retirable()).as("something may lie under it still").isEmpty();
        assertThat(Database.bytes(at, "SELECT card FROM orders WHERE id = 3")).isEqualTo(foreign);
        MigrationReport few = orders(kms(b -> b.masterKey(to.twin()).alsoOpenWith(from.twin())), at)
                .mostFailures(2)
                .batch(1)
                .checkpoint(folder.resolve("checkpoint"))
                .run();
        assertThat(few.complete()).isFalse();
        assertThat(few.failed()).isEqualTo(2);
        assertThat(few.read()).isLessThan(18);
        assertThat(folder.resolve("checkpoint")).as("begins anew").doesNotExist();
    }

    @ParameterizedTest
    @EnumSource
    void run_databaseRefusesARow_theOthersOfItsBatchAreMoved(Database database) throws Exception {
        DataSource at = filled(database, 20, 4);
        Database.run(
                at,
                database == Database.SQLITE
                        ? "CREATE TRIGGER guarded BEFORE UPDATE ON orders WHEN OLD.id IN (3, 11) BEGIN SELECT"
                                + " RAISE(ABORT, 'secret word'); END"
                        : "ALTER TABLE orders ADD CONSTRAINT guarded CHECK (id NOT IN (3, 11)) NOT VALID");
        MigrationReport report = orders(moving(), at).run();
        assertThat(report.complete()).isTrue();
        assertThat(report.moved()).isEqualTo(16);
        assertThat(report.failures()).extracting(Failure::item).containsExactly("3", "11");
        assertThat(report.failures()).allSatisfy(failure -> {
            assertThat(failure.error().code()).isEqualTo(ErrorCode.KMS_OPERATION_REFUSED);
            assertThat(failure.error()).hasMessageNotContaining("secret word");
        });
        assertThat(report.leftAfter()).isEqualTo(2);
    }

    @Test
    void run_providerAwayForAWhile_isWaitedFor() throws Exception {
        DataSource at = filled(Database.SQLITE, 6, 2);
        to.fail(Operation.WRAP, 3, () -> new UnavailableException("No answer.", "The test says so.", "Try again."));
        MigrationReport report = orders(moving(), at).run();
        assertThat(report.clean()).isTrue();
        assertThat(report.moved()).isEqualTo(6);
    }

    @ParameterizedTest
    @EnumSource
    void names_thatAreQuotedHostileOrWrong(Database database) throws Exception {
        DataSource at = database.fresh(folder);
        String table = "Or\"ders; DROP TABLE x";
        String quoted = "\"Or\"\"ders; DROP TABLE x\"";
        Database.run(
                at,
                "CREATE TABLE " + quoted + " (\"I d\" integer PRIMARY KEY, \"car\"\"d\" " + database.bytes()
                        + ", part integer, uniq integer NOT NULL UNIQUE, maybe integer UNIQUE)",
                "CREATE TABLE pairs (a integer, b integer, c " + database.bytes() + ", PRIMARY KEY (a, b))");
        KeyManager app = kms(b -> b.masterKey(from.twin()));
        Database.update(at, "INSERT INTO " + quoted + " VALUES (1, ?, 1, 1, 1)", (Object)
                app.encrypt("x").toBytes());
        KeyManager kms = moving();
        assertThat(Migration.of(kms).column(at, table, "I d", "car\"d").run().moved())
                .isEqualTo(1);
        assertThat(Migration.of(kms).column(at, table, "uniq", "car\"d").run().already())
                .isEqualTo(1);
        for (String[] wrong : new String[][] {
            {"nowhere", "id", "card"},
            {table, "id", "card"},
            {table, "I d", "card"},
            {table, "part", "car\"d"},
            {table, "maybe", "car\"d"},
            {"pairs", "a", "c"},
            {"Or_ders; DROP TABLE x", "I d", "car\"d"}
        }) {
            assertThatThrownBy(() -> Migration.of(kms)
                            .column(at, wrong[0], wrong[1], wrong[2])
                            .run())
                    .as(String.join(" ", wrong))
                    .isInstanceOf(ConfigurationException.class);
        }
        for (String wrong : List.of("", "a\0b", "a\nb", "a.b.c", "x".repeat(129))) {
            assertThatThrownBy(() -> Migration.of(kms).column(at, wrong, "id", "card"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        if (database == Database.POSTGRESQL) {
            String schema =
                    (String) Database.column(at, "SELECT current_schema()").get(0);
            assertThat(Migration.of(kms)
                            .column(at, schema + "." + table, "I d", "car\"d")
                            .run()
                            .already())
                    .isEqualTo(1);
            Database.run(at, "CREATE TABLE padded (k char(5) PRIMARY KEY, c bytea)");
            assertThatThrownBy(() ->
                            Migration.of(kms).column(at, "padded", "k", "c").run())
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("bpchar");
        }
    }

    @Test
    void builder_misused_saysHow() throws Exception {
        KeyManager kms = moving();
        DataSource at = filled(Database.SQLITE, 1, 1);
        assertThatThrownBy(() -> Migration.of(kms).run()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> orders(kms, at).files(List.of(folder))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> orders(kms, at).batch(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> orders(kms, at).batch(1).batch(2)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> orders(kms, at)
                        .checkpoint(folder.resolve("x"))
                        .checkpointTable("y")
                        .run())
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> Migration.of(kms)
                        .files(List.of(folder))
                        .checkpointTable("y")
                        .run())
                .isInstanceOf(IllegalStateException.class);
        KeyManager decryptOnly = kms(b -> b.alsoOpenWith(from.twin()));
        assertThatThrownBy(() -> orders(decryptOnly, at).run()).isInstanceOf(RefusedException.class);
        assertThatThrownBy(() ->
                        orders(kms, at).change(r -> r.add("faulty://nobody")).run())
                .isInstanceOf(ConfigurationException.class);
        Migration once = orders(kms, at);
        once.run();
        assertThatThrownBy(once::run).isInstanceOf(IllegalStateException.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> orders(kms, at).run())
                .isInstanceOf(io.sealwright.kms.error.CallInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(Files.exists(folder.resolve("x"))).isFalse();
    }
}
