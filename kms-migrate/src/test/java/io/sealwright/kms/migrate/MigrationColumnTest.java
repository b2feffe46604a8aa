package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.migrate.MigrationReport.KeyCount;
import io.sealwright.kms.migrate.RawAesGcm.Encoding;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A column moved from key to key, on each database. */
@Timeout(120)
class MigrationColumnTest extends MovedOrders {
    @ParameterizedTest
    @EnumSource
    void run_wholeColumn_everyRowIsUnderTheNewKeyByOneCallAHeader(Database database) throws Exception {
        DataSource at = filled(database, 140, 10);
        MigrationReport report = orders(moving(), at).batch(17).run();
        assertThat(report.complete()).isTrue();
        assertThat(report.clean()).isTrue();
        assertThat(report.read()).isEqualTo(120);
        assertThat(report.moved()).isEqualTo(120);
        assertThat(report.already() + report.failed() + report.lostRaces() + report.vanished())
                .isZero();
        assertThat(report.before()).containsExactly(new KeyCount(Kind.MASTER_KEY, OLD, "1", 120));
        assertThat(report.after()).containsExactly(new KeyCount(Kind.MASTER_KEY, NEW, "1", 120));
        assertThat(report.retirable()).containsExactly(new KeyCount(Kind.MASTER_KEY, OLD, "1", 120));
        assertThat(from.calls(Operation.UNWRAP)).as("one a header").isEqualTo(10);
        assertThat(to.calls(Operation.WRAP)).as("one a header").isEqualTo(10);
        assertThat(to.calls(Operation.UNWRAP)).as("each new wrap is tried").isEqualTo(10);
        KeyManager reader = kms(b -> b.masterKey(to.twin()));
        for (int row = 1; row <= 140; row++) {
            if (row % 7 != 0) {
                opens(reader, at, row, 10);
            }
        }
        assertThat(Database.column(at, "SELECT id FROM orders WHERE card IS NULL"))
                .hasSize(20);
        // Once more: nothing is to be done, and no key is asked.
        int calls = from.calls() + to.calls();
        KeyManager again = kms(b -> b.masterKey(to.twin()).alsoOpenWith(from.twin()));
        MigrationReport second = orders(again, at).run();
        assertThat(second.already()).isEqualTo(120);
        assertThat(second.moved()).isZero();
        assertThat(second.retirable()).as("nothing lay under it").isEmpty();
        assertThat(from.calls() + to.calls()).isEqualTo(calls);
    }

    @ParameterizedTest
    @EnumSource
    void dryRun_changesNothingAndCountsWhatWouldBe(Database database) throws Exception {
        DataSource at = filled(database, 50, 5);
        List<Object> before = Database.column(at, "SELECT card FROM orders ORDER BY id");
        Path checkpoint = folder.resolve("checkpoint");
        MigrationReport report =
                orders(moving(), at).dryRun().checkpoint(checkpoint).run();
        assertThat(report.complete()).isTrue();
        assertThat(report.dryRun()).isTrue();
        assertThat(report.moved()).isEqualTo(43);
        assertThat(report.before()).containsExactly(new KeyCount(Kind.MASTER_KEY, OLD, "1", 43));
        assertThat(report.after()).isEqualTo(report.before());
        assertThat(report.retirable()).isEmpty();
        assertThat(Database.column(at, "SELECT card FROM orders ORDER BY id"))
                .usingRecursiveComparison()
                .isEqualTo(before);
        assertThat(from.calls() + to.calls()).as("no key was asked").isZero();
        assertThat(checkpoint).doesNotExist();
        orders(kms(b -> b.masterKey(to.twin()).alsoOpenWith(from.twin())), at)
                .dryRun()
                .checkpointTable("progress")
                .run();
        assertThatThrownBy(() -> Database.column(at, "SELECT * FROM progress")).isInstanceOf(SQLException.class);
    }

    @ParameterizedTest
    @EnumSource
    void run_applicationWritesMeanwhile_itsValueStaysAndIsMovedToo(Database database) throws Exception {
        DataSource at = filled(database, 6, 6);
        KeyManager app = kms(b -> b.masterKey(from.twin()));
        AtomicInteger writes = new AtomicInteger();
        // Between what the job read of row 1 and what it writes there: once, and then no more.
        to.answerLate(
                () -> {
                    if (writes.getAndIncrement() == 0) {
                        change(at, app.encrypt("changed").context("n", "app").toBytes());
                    }
                },
                Operation.WRAP);
        MigrationReport report = orders(moving(), at).parallelism(1).run();
        assertThat(report.lostRaces()).isEqualTo(1);
        assertThat(report.moved()).isEqualTo(6);
        assertThat(report.clean()).isTrue();
        byte[] message = Database.bytes(at, "SELECT card FROM orders WHERE id = 1");
        KeyManager reader = kms(b -> b.masterKey(to.twin()));
        assertThat(reader.decrypt(message).context("n", "app").toText()).isEqualTo("changed");
    }

    private static void change(DataSource at, byte[] message) {
        try {
            Database.update(at, "UPDATE orders SET card = ? WHERE id = 1", (Object) message);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @EnumSource
    void run_rowDeletedMeanwhile_isCountedAsGone(Database database) throws Exception {
        DataSource at = filled(database, 3, 3);
        to.answerLate(
                () -> {
                    try {
                        Database.run(at, "DELETE FROM orders WHERE id = 2");
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                },
                Operation.WRAP);
        MigrationReport report = orders(moving(), at).parallelism(1).run();
        assertThat(report.moved()).isEqualTo(2);
        assertThat(report.vanished()).isEqualTo(1);
        assertThat(report.complete()).isTrue();
    }

    @Test
    void run_rowIsLockedByATransaction_isNotWaitedForAndComesLater() throws Exception {
        DataSource at = filled(Database.POSTGRESQL, 5, 5);
        try (Connection other = at.getConnection()) {
            other.setAutoCommit(false);
            try (var lock = other.prepareStatement("UPDATE orders SET note = 'held' WHERE id = 3")) {
                lock.executeUpdate();
            }
            byte[] four = Database.bytes(at, "SELECT card FROM orders WHERE id = 4");
            Migration job = orders(moving(), at).batch(2);
            Thread release = new Thread(() -> {
                try {
                    // Rows 3 and 4 are written together: once the second is, the first was met locked.
                    while (Arrays.equals(four, Database.bytes(at, "SELECT card FROM orders WHERE id = 4"))) {
                        Thread.sleep(5);
                    }
                    other.commit();
                } catch (SQLException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            release.start();
            MigrationReport report = job.run();
            release.join();
            assertThat(report.clean()).isTrue();
            assertThat(report.moved()).isEqualTo(5);
            assertThat(report.lostRaces()).as("met the lock").isPositive();
        }
        assertThat(Database.column(at, "SELECT note FROM orders WHERE id = 3")).containsExactly("held");
    }

    @ParameterizedTest
    @EnumSource
    void convert_rawColumns_becomeMessagesBoundToTheirRows(Database database) throws Exception {
        DataSource at = database.fresh(folder);
        Database.run(at, "CREATE TABLE people (name varchar(40) PRIMARY KEY, secret text)");
        byte[] key = OldSystem.key(32);
        OldSystem old = new OldSystem(key, "iv:tag:ciphertext", 16, Encoding.HEX);
        for (String name : List.of("ada", "bob", "o'hara \"x\"")) {
            Database.update(
                    at,
                    "INSERT INTO people VALUES (?, ?)",
                    name,
                    new String(old.seal(("of " + name).getBytes(StandardCharsets.UTF_8)), StandardCharsets.US_ASCII));
        }
        KeyManager kms =
                kms(b -> b.masterKey(to).store(NamedKeyStore.inMemory()).schedule(false));
        kms.keys().create("people", KeySpec.AES_256);
        Database.update(
                at,
                "INSERT INTO people VALUES ('zed', ?)",
                kms.encrypt("of zed")
                        .associatedData("zed".getBytes(StandardCharsets.UTF_8))
                        .toToken());
        Database.update(at, "INSERT INTO people VALUES ('bad', 'no such form')");
        try (RawAesGcm raw = RawAesGcm.builder()
                .key(key)
                .layout("iv:tag:ciphertext")
                .ivBytes(16)
                .build()) {
            MigrationReport dry = people(kms, at, raw).dryRun().run();
            assertThat(dry.converted()).isEqualTo(3);
            MigrationReport report = people(kms, at, raw).run();
            assertThat(report.converted()).isEqualTo(3);
            assertThat(report.already()).isEqualTo(1);
            assertThat(report.rawAfter()).isEqualTo(1);
            assertThat(report.failures()).singleElement().satisfies(failure -> {
                assertThat(failure.item()).isEqualTo("bad");
                assertThat(failure.error().code()).isEqualTo(ErrorCode.KMS_MESSAGE_MALFORMED);
            });
            Database.run(at, "DELETE FROM people WHERE name = 'bad'");
            MigrationReport second = people(kms, at, raw).run();
            assertThat(second.clean()).isTrue();
            assertThat(second.already()).isEqualTo(4);
        }
        for (String name : List.of("ada", "bob", "o'hara \"x\"")) {
            String token = (String)
                    Database.column(at, "SELECT secret FROM people WHERE name = '" + name.replace("'", "''") + "'")
                            .get(0);
            assertThat(kms.decrypt(token)
                            .context("table", "people")
                            .associatedData(name.getBytes(StandardCharsets.UTF_8))
                            .toText())
                    .isEqualTo("of " + name);
            assertThatThrownBy(() -> kms.decrypt(token)
                            .context("table", "people")
                            .associatedData("other".getBytes(StandardCharsets.UTF_8))
                            .toText())
                    .isInstanceOf(AuthenticationFailedException.class);
        }
    }

    private static Migration people(KeyManager kms, DataSource at, RawAesGcm raw) {
        return Migration.of(kms)
                .column(at, "people", "name", "secret")
                .convert(raw)
                .sealing(encryption -> encryption.key("people").direct().context("table", "people"))
                .associatedData(name -> name.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void run_directMessagesAfterRotation_areEncryptedAnewWithTheirOwnData() throws Exception {
        DataSource at = Database.SQLITE.fresh(folder);
        Database.run(at, "CREATE TABLE orders (id integer PRIMARY KEY, card text)");
        KeyManager kms =
                kms(b -> b.masterKey(to).store(NamedKeyStore.inMemory()).schedule(false));
        kms.keys().create("orders", KeySpec.AES_256);
        for (int row = 1; row <= 5; row++) {
            Database.update(
                    at,
                    "INSERT INTO orders VALUES (?, ?)",
                    row,
                    kms.encrypt("card of " + row)
                            .key("orders")
                            .direct()
                            .associatedData(id(row == 4 ? 99 : row))
                            .toToken());
        }
        kms.key("orders").rotate();
        MigrationReport without = orders(kms, at).run();
        assertThat(without.failed()).isEqualTo(5);
        assertThat(without.failures().get(0).error().code()).isEqualTo(ErrorCode.KMS_OPERATION_REFUSED);
        MigrationReport report = orders(kms, at)
                .associatedData(name -> name.getBytes(StandardCharsets.UTF_8))
                .run();
        assertThat(report.encryptedAnew()).isEqualTo(4);
        assertThat(report.failures())
                .as("one that is bound to something else blames no other")
                .singleElement()
                .satisfies(failure -> assertThat(failure.item()).isEqualTo("4"));
        assertThat(report.after())
                .containsExactlyInAnyOrder(
                        new KeyCount(Kind.NAMED_KEY, "orders", "1", 1), new KeyCount(Kind.NAMED_KEY, "orders", "2", 4));
    }

    @ParameterizedTest
    @EnumSource
    void keys_ofEveryKindThatHasAnOrder_arePagedBy(Database database) throws Exception {
        DataSource at = database.fresh(folder);
        KeyManager app = kms(b -> b.masterKey(from.twin()));
        List<String> types = database == Database.SQLITE
                ? List.of("integer", "text")
                : List.of("smallint", "integer", "bigint", "numeric(20,2)", "text", "varchar(40)", "uuid");
        for (int t = 0; t < types.size(); t++) {
            String type = types.get(t);
            Database.run(at, "CREATE TABLE t" + t + " (k " + type + " PRIMARY KEY, c " + database.bytes() + ")");
            for (int i = 0; i < 7; i++) {
                int number = i - 3;
                Object key = type.equals("uuid")
                        ? UUID.nameUUIDFromBytes(new byte[] {(byte) i})
                        : type.startsWith("text") || type.startsWith("varchar")
                                ? (i % 2 == 0 ? "Key " : "key-") + i
                                : type.startsWith("numeric")
                                        ? (Object) new java.math.BigDecimal(number + ".50")
                                        : (Object) number;
                Database.update(
                        at,
                        "INSERT INTO t" + t + " VALUES (?, ?)",
                        key,
                        app.encrypt("x").toBytes());
            }
            KeyManager kms = kms(b -> b.masterKey(to.twin()).alsoOpenWith(from.twin()));
            MigrationReport report =
                    Migration.of(kms).column(at, "t" + t, "k", "c").batch(2).run();
            assertThat(report.clean()).as(type).isTrue();
            assertThat(report.moved()).as(type).isEqualTo(7);
        }
    }

    @Test
    void connection_isGivenBackAsItWas() throws Exception {
        DataSource at = filled(Database.POSTGRESQL, 3, 1);
        try (Connection one = at.getConnection()) {
            one.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            one.setNetworkTimeout(Runnable::run, 12_345);
            DataSource pool = Lending.of(one);
            assertThat(orders(moving(), pool).run().moved()).isEqualTo(3);
            assertThat(one.isClosed()).isFalse();
            assertThat(one.getAutoCommit()).isTrue();
            assertThat(one.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
            assertThat(one.getNetworkTimeout()).isEqualTo(12_345);
        }
    }
}
