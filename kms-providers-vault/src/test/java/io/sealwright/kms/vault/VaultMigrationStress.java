package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.migrate.Migration;
import io.sealwright.kms.migrate.MigrationReport;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testbed.TestPostgres;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Rows of many data keys, moved from a variable to OpenBao and on to AWS (the strict fake), on PostgreSQL, by processes that are
 * killed at random, while an application goes on writing: every row lies under the new key at the end, was moved at most once
 * a step, and holds what was written last. 100,000 rows under 5,000 data keys, scaled by the system property
 * {@code kms.proof}, at least 1,000 rows, 200 keys and 5 kills.
 */
class VaultMigrationStress {
    private static final int ROWS = Proof.of(100_000, 1_000);
    private static final int HEADERS = Proof.of(5_000, 200);
    private static final int BATCH = Math.max(10, ROWS / 400);
    private static final String FIRST = "vault-transit://moving/first";

    private final Random random = new Random(20261121);
    private final OpenBao bao = OpenBao.shared();
    private final AwsFake aws = new AwsFake();
    private final String key = Base64.getEncoder().encodeToString(random(32));
    /** How often the application wrote a row in this step. */
    private final Map<Integer, Integer> written = new ConcurrentHashMap<>();

    /** Which of its writes a row holds, over both steps; read when the application has ended. */
    private final int[] contents = new int[ROWS + 1];

    private final AtomicLong cursor = new AtomicLong();
    private int kills;
    private int within;
    private String url = "";
    private PGSimpleDataSource at = new PGSimpleDataSource();

    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void rows_movedTwiceByProcessesThatAreKilled_eachOnceAndNothingLost() throws Exception {
        bao.mount("", "moving", "transit", "");
        bao.root("POST", "moving/keys/first", "{}");
        url = TestPostgres.shared().freshSchema();
        at = source("setup");
        fill();
        dryRunChangesNothing();
        move(VaultMigrationChild.ENV, FIRST, 3);
        check(FIRST, VaultMigrationChild.ENV);
        run(at, "DELETE FROM changes");
        written.clear();
        String second = "aws-kms://" + aws.kms().createKey();
        move(FIRST, second, 2);
        check(second, FIRST);
        System.out.println("moved " + ROWS + " rows of " + HEADERS + " data keys twice; killed " + kills
                + " processes, " + within + " of them within a batch");
        assertThat(kills).isGreaterThanOrEqualTo(5);
        assertThat(within).as("kills within a batch").isGreaterThanOrEqualTo((kills + 1) / 2);
    }

    private static byte[] random(int bytes) {
        byte[] made = new byte[bytes];
        new SecureRandom().nextBytes(made);
        return made;
    }

    private static void run(DataSource at, String... statements) throws SQLException {
        try (Connection connection = at.getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static List<Object> column(DataSource at, String query) throws SQLException {
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

    /** Who changes a row is told by the name of the connection. */
    private PGSimpleDataSource source(String application) {
        PGSimpleDataSource made = new PGSimpleDataSource();
        made.setUrl(url + "&ApplicationName=" + application);
        return made;
    }

    private String variables() {
        return String.join(
                "\n",
                "VAULT_ADDR=" + bao.address(),
                "VAULT_TOKEN=" + bao.rootToken(),
                "AWS_ENDPOINT_URL=" + aws.endpoint(),
                "AWS_ACCESS_KEY_ID=" + aws.accessKey(),
                "AWS_SECRET_ACCESS_KEY=" + aws.secretKey(),
                "AWS_REGION=" + AwsFake.REGION,
                "MOVE_KEY=" + key);
    }

    @AfterEach
    void close() {
        aws.close();
    }

    private KeyManager manager(String masterKey) {
        return VaultMigrationChild.manager(VaultMigrationChild.variables(variables()))
                .masterKey(masterKey)
                .build();
    }

    /** Rows that follow each other share a data key, as those do that one process seals. */
    private static String group(int row) {
        return Long.toString((long) row * HEADERS / (ROWS + 1));
    }

    private static byte[] sealed(KeyManager kms, int row, int number) {
        return kms.encrypt("card " + row + " of " + number)
                .context("group", group(row))
                .associatedData(Integer.toString(row).getBytes(StandardCharsets.UTF_8))
                .toBytes();
    }

    private static String opened(KeyManager kms, int row, byte[] message) {
        return kms.decrypt(message)
                .context("group", group(row))
                .associatedData(Integer.toString(row).getBytes(StandardCharsets.UTF_8))
                .toText();
    }

    private void fill() throws SQLException {
        run(
                at,
                "CREATE TABLE cards (id integer PRIMARY KEY, data bytea NOT NULL)",
                "CREATE TABLE changes (id integer NOT NULL, by text NOT NULL)");
        try (KeyManager kms = manager(VaultMigrationChild.ENV);
                Connection connection = at.getConnection();
                PreparedStatement insert = connection.prepareStatement("INSERT INTO cards VALUES (?, ?)")) {
            connection.setAutoCommit(false);
            for (int row = 1; row <= ROWS; row++) {
                insert.setInt(1, row);
                insert.setBytes(2, sealed(kms, row, 0));
                insert.addBatch();
                if (row % 1_000 == 0 || row == ROWS) {
                    insert.executeBatch();
                }
            }
            connection.commit();
        }
        run(
                at,
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO changes VALUES (NEW.id,"
                        + " current_setting('application_name')); RETURN NEW; END $$",
                "CREATE TRIGGER noted AFTER UPDATE ON cards FOR EACH ROW EXECUTE FUNCTION note()");
    }

    private void dryRunChangesNothing() throws SQLException {
        String sum = "SELECT md5(string_agg(encode(data, 'hex'), ',' ORDER BY id)) FROM cards";
        Object before = column(at, sum).get(0);
        try (KeyManager kms = VaultMigrationChild.manager(VaultMigrationChild.variables(variables()))
                .masterKey(FIRST)
                .alsoOpenWith(VaultMigrationChild.ENV)
                .build()) {
            MigrationReport report = Migration.of(kms)
                    .column(at, VaultMigrationChild.TABLE, "id", "data")
                    .dryRun()
                    .run();
            assertThat(report.moved()).isEqualTo(ROWS);
            assertThat(report.before()).singleElement().satisfies(count -> {
                assertThat(count.key()).isEqualTo(VaultMigrationChild.ENV);
                assertThat(count.items()).isEqualTo(ROWS);
            });
        }
        assertThat(column(at, sum)).containsExactly(before);
        assertThat(column(at, "SELECT id FROM changes")).isEmpty();
    }

    private void move(String from, String to, int wanted) throws Exception {
        cursor.set(0);
        long headers = headers();
        Application application = new Application(to);
        Thread thread = new Thread(application, "application");
        thread.start();
        int killed = 0;
        int inside = 0;
        try {
            for (int run = 1; killed < wanted || inside < (wanted + 1) / 2 && killed < 2 * wanted; run++) {
                // Somewhere in its share of the rows, so that each has something left to do.
                long at = (long) ROWS * run / (2L * wanted + 2) + random.nextInt(BATCH);
                String last = killedChild(from, to, at);
                killed++;
                inside += last.equals("begin") ? 1 : 0;
            }
            application.end = true;
            thread.join(60_000);
            assertThat(application.failure).isNull();
            String done = finished(from, to);
            System.out.printf(
                    Locale.ROOT,
                    "%s to %s: %d kills, %d updates by the application; the last run: %s%n",
                    from,
                    to,
                    killed,
                    application.updates,
                    done);
            assertThat(done).startsWith("done clean");
            assertThat(calls(done, to)).as("one wrap and one unwrap a header").isLessThanOrEqualTo(2 * headers + 50);
            if (from.startsWith("vault")) {
                assertThat(calls(done, from)).as("one unwrap a header").isLessThanOrEqualTo(headers + 50);
            }
        } finally {
            application.end = true;
        }
        kills += killed;
        within += inside;
    }

    private ChildJvm child(String from, String to, long killAt) throws Exception {
        return new ChildJvm(
                VaultMigrationChild.class,
                variables(),
                url + "&ApplicationName=migration",
                from,
                to,
                Integer.toString(BATCH),
                Long.toString(killAt));
    }

    /** Runs until so many rows were read, and is killed soon after; the last thing that it said. */
    private String killedChild(String from, String to, long killAt) throws Exception {
        try (ChildJvm child = child(from, to, killAt)) {
            String line = "";
            while (!line.equals("kill")) {
                line = child.line(120);
                assertThat(line).as("it cannot be done yet").doesNotStartWith("done");
                follow(line);
            }
            // Then into one of the next batches: when it says that one has begun.
            do {
                line = child.line(120);
                follow(line);
            } while (!line.equals("begin"));
            TimeUnit.MICROSECONDS.sleep(random.nextInt(2_000));
            child.kill();
            for (String rest : child.rest()) {
                line = rest;
                follow(line);
            }
            return line;
        }
    }

    private void follow(String line) {
        if (line.startsWith("at ")) {
            cursor.set(Long.parseLong(line.substring(3)));
        }
    }

    private String finished(String from, String to) throws Exception {
        try (ChildJvm child = child(from, to, -1)) {
            String line = "";
            while (!line.startsWith("done")) {
                line = child.line(600);
                follow(line);
            }
            return line;
        }
    }

    /** How many distinct headers there are. */
    private long headers() throws SQLException {
        Set<ByteBuffer> headers = new HashSet<>();
        for (Object message : column(at, "SELECT data FROM cards")) {
            byte[] bytes = (byte[]) message;
            headers.add(ByteBuffer.wrap(bytes, 0, KeyManager.inspect(bytes).headerBytes()));
        }
        assertThat(headers).hasSizeGreaterThanOrEqualTo(HEADERS);
        return headers.size();
    }

    private static long calls(String done, String masterKey) {
        String after = done.substring(done.indexOf(" " + masterKey + "=") + masterKey.length() + 2);
        return Long.parseLong(after.split(" ")[0]);
    }

    /** Writes rows of its own choice, most of them where the job is, under the key that data is moved to. */
    private final class Application implements Runnable {
        private final String masterKey;
        private volatile boolean end;
        private volatile Throwable failure;
        private volatile int updates;

        Application(String masterKey) {
            this.masterKey = masterKey;
        }

        @Override
        public void run() {
            Random choice = new Random(7);
            try (KeyManager kms = manager(masterKey);
                    Connection connection = source("application").getConnection();
                    PreparedStatement update = connection.prepareStatement("UPDATE cards SET data = ? WHERE id = ?")) {
                while (!end) {
                    long near = choice.nextBoolean() ? cursor.get() + choice.nextInt(2 * BATCH) : choice.nextInt(ROWS);
                    int row = (int) Math.min(ROWS, 1 + near);
                    int number = contents[row] + 1;
                    update.setBytes(1, sealed(kms, row, number));
                    update.setInt(2, row);
                    assertThat(update.executeUpdate()).isEqualTo(1);
                    contents[row] = number;
                    written.merge(row, 1, Integer::sum);
                    updates++;
                    Thread.sleep(1);
                }
            } catch (Exception | AssertionError e) {
                failure = e;
            }
        }
    }

    private void check(String to, String from) throws SQLException {
        Map<Integer, Integer> moves = new HashMap<>();
        try (Connection connection = at.getConnection();
                Statement statement = connection.createStatement()) {
            try (ResultSet found =
                    statement.executeQuery("SELECT id, count(*) FROM changes WHERE by = 'migration' GROUP BY id")) {
                while (found.next()) {
                    moves.put(found.getInt(1), found.getInt(2));
                }
            }
            int rows = 0;
            try (KeyManager alone = manager(to);
                    ResultSet found = statement.executeQuery("SELECT id, data FROM cards ORDER BY id")) {
                while (found.next()) {
                    rows++;
                    int row = found.getInt(1);
                    byte[] message = found.getBytes(2);
                    assertThat(KeyManager.inspect(message).recipients())
                            .as("row %d", row)
                            .extracting(RecipientInfo::kind)
                            .containsExactly(to.startsWith("aws") ? "aws-kms" : "vault-transit");
                    int number = written.getOrDefault(row, 0);
                    assertThat(opened(alone, row, message)).isEqualTo("card " + row + " of " + contents[row]);
                    // What the application wrote over needed no move any more, unless it was moved before.
                    assertThat(moves.getOrDefault(row, 0))
                            .as("moves of row %d", row)
                            .isBetween(number == 0 ? 1 : 0, 1);
                }
            }
            assertThat(rows).isEqualTo(ROWS);
        }
        try (KeyManager both = VaultMigrationChild.manager(VaultMigrationChild.variables(variables()))
                .masterKey(to)
                .alsoOpenWith(from)
                .build()) {
            MigrationReport report = Migration.of(both)
                    .column(at, VaultMigrationChild.TABLE, "id", "data")
                    .run();
            assertThat(report.already()).isEqualTo(ROWS);
            assertThat(report.after()).singleElement().satisfies(count -> {
                assertThat(count.key()).isEqualTo(to);
                assertThat(count.items()).isEqualTo(ROWS);
            });
        }
    }
}
