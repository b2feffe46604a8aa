package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.migrate.MigrationReport.Failure;
import io.sealwright.kms.migrate.MigrationReport.KeyCount;
import io.sealwright.kms.migrate.RawAesGcm.Encoding;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A column moved from key to key, on each database. */
@Timeout(120)
class MigrationColumnTest {
    private static final String OLD = "faulty://old";
    private static final String NEW = "faulty://new";

    @TempDir
    Path folder;

    private final FaultyMasterKey from = new FaultyMasterKey("old");
    private final FaultyMasterKey to = new FaultyMasterKey("new", RecipientKind.VAULT_TRANSIT);
    private final List<KeyManager> open = new ArrayList<>();

    private KeyManager kms(Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder().retryAttempts(1);
        more.accept(builder);
        KeyManager kms = builder.build();
        open.add(kms);
        return kms;
    }

    @AfterEach
    void close() {
        from.behave();
        to.behave();
        open.forEach(KeyManager::close);
    }

    private KeyManager moving() {
        return kms(b -> b.masterKey(to).alsoOpenWith(from));
    }

    /** So many rows of so many data keys, under the old key; every seventh without data. */
    private DataSource filled(Database database, int rows, int headers) throws SQLException {
        DataSource at = database.fresh(folder);
        Database.run(at, "CREATE TABLE orders (id integer PRIMARY KEY, card " + database.bytes() + ", note text)");
        KeyManager app = kms(b -> b.masterKey(from.twin()));
        try (Connection connection = at.getConnection();
                var insert = connection.prepareStatement("INSERT INTO orders VALUES (?, ?, 'x')")) {
            connection.setAutoCommit(false);
            for (int i = 1; i <= rows; i++) {
                insert.setInt(1, i);
                insert.setBytes(2, i % 7 == 0 ? null : sealed(app, i, headers));
                insert.executeUpdate();
            }
            connection.commit();
        }
        return at;
    }

    private static byte[] sealed(KeyManager app, int row, int headers) {
        return app.encrypt("card of " + row)
                .context("n", Integer.toString(row % headers))
                .associatedData(id(row))
                .toBytes();
    }

    private static byte[] id(int row) {
        return Integer.toString(row).getBytes(StandardCharsets.UTF_8);
    }

    private Migration orders(KeyManager kms, DataSource at) {
        return Migration.of(kms).column(at, "orders", "id", "card");
    }

    private static void opens(KeyManager kms, DataSource at, int row, int headers) throws SQLException {
        byte[] message = Database.bytes(at, "SELECT card FROM orders WHERE id = " + row);
        assertThat(kms.decrypt(message)
                        .context("n", Integer.toString(row % headers))
                        .associatedData(id(row))
                        .toText())
                .isEqualTo("card of " + row);
    }

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
    @ValueSource(booleans = {false, true})
    void run_stoppedAndStartedAgain_goesOnWithItsCounts(boolean table) throws Exception {
        DataSource at = filled(Database.SQLITE, 70, 7);
        Path checkpoint = folder.resolve("checkpoint");
        KeyManager kms = moving();
        Migration[] job = new Migration[1];
        job[0] = checkpointed(orders(kms, at), table, checkpoint).batch(10).progress(now -> {
            if (now.read() == 30) {
                job[0].stop();
            }
        });
        MigrationReport first = job[0].run();
        assertThat(first.complete()).isFalse();
        assertThat(first.moved()).isEqualTo(30);
        assertThat(first.after()).isEmpty();
        assertThat(first.retirable()).isEmpty();
        // Other keys than before: going on would leave what lies before it where it is.
        FaultyMasterKey other = new FaultyMasterKey("other");
        if (!table) {
            KeyManager otherWay = kms(b -> b.masterKey(other).alsoOpenWith(from.twin()));
            assertThatThrownBy(() -> checkpointed(orders(otherWay, at), false, checkpoint)
                            .run())
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("another job");
        }
        List<Long> read = new ArrayList<>();
        MigrationReport second = checkpointed(orders(kms, at), table, checkpoint)
                .batch(10)
                .progress(now -> read.add(now.read()))
                .run();
        assertThat(read.get(0)).as("goes on").isEqualTo(40);
        assertThat(second.complete()).isTrue();
        assertThat(second.moved()).isEqualTo(60);
        assertThat(second.before()).containsExactly(new KeyCount(Kind.MASTER_KEY, OLD, "1", 60));
        assertThat(second.after()).containsExactly(new KeyCount(Kind.MASTER_KEY, NEW, "1", 60));
        if (table) {
            assertThat(Database.column(at, "SELECT job FROM progress")).isEmpty();
        } else {
            assertThat(checkpoint).doesNotExist();
        }
    }

    private static Migration checkpointed(Migration job, boolean table, Path file) {
        return table ? job.checkpointTable("progress") : job.checkpoint(file);
    }

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
