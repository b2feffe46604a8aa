package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreProvider;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WorkClaim;
import io.sealwright.kms.testbed.TestPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What only PostgreSQL does: users, connections that end, locks of rows, a clock of its own. */
@Timeout(60)
class PostgresStoreTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private TestPostgres server;
    private String url = "";

    @BeforeEach
    void schema() throws Exception {
        server = TestPostgres.shared();
        url = server.freshSchema();
    }

    @Test
    void of_url_describesItselfWithoutParameters() {
        try (NamedKeyStore store = StoreKind.open(url)) {
            assertThat(store.describe()).isEqualTo("PostgreSQL, postgresql://localhost:" + server.port() + "/postgres");
        }
    }

    @Test
    void exists_beforeAndAfterOpening_tells() {
        StoreProvider provider = StoreProvider.of(url);
        assertThat(provider.exists(StoreAddress.of(url))).isFalse();
        assertThat(provider.schema(StoreAddress.of(url))).hasValue(new StoreSchema(0, 1));
        assertThat(provider.exists(StoreAddress.of(url)))
                .as("looking makes nothing")
                .isFalse();
        StoreKind.open(url).close();
        assertThat(provider.exists(StoreAddress.of(url))).isTrue();
        assertThat(provider.schema(StoreAddress.of(url))).hasValue(new StoreSchema(1, 1));
    }

    @Test
    void clock_isTheServers() {
        try (NamedKeyStore store = StoreKind.open(url)) {
            // The same machine's here; minutes apart would be another unit or epoch.
            assertThat(Duration.between(store.clock().orElseThrow(), Instant.now())
                            .abs())
                    .isLessThan(MINUTE);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://localhost/app?password=hidden",
                "jdbc:postgresql://localhost/app?user=me&PassWord=hidden",
                "jdbc:postgresql://localhost/app?sslpassword=hidden",
                "jdbc:postgresql://me:hidden@localhost/app",
            })
    void of_passwordInUrl_isRefusedAndNotShown(String secret) {
        assertThatThrownBy(() -> StoreKind.open(secret))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("KMS_STORE_PASSWORD")
                .hasMessageNotContaining("hidden");
    }

    @Test
    void of_userWithPassword_opensByTheGrantsOfTheDocumentationAlone() throws Exception {
        String schema = url.replaceFirst(".*currentSchema=", "");
        server.run(
                "DROP ROLE IF EXISTS secured",
                "CREATE ROLE secured LOGIN PASSWORD 'pass wörd'",
                "GRANT USAGE ON SCHEMA " + schema + " TO secured");
        StoreKind.open(url).close(); // by the owner, who makes the tables
        server.run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema + " TO secured");
        String bare = url.replace("user=postgres&", "");
        try (NamedKeyStore store = JdbcKeyStore.of(address(bare, "pass wörd"))) {
            store.initialise(new byte[] {1});
            assertThat(store.apply(change("orders", 0))).isTrue();
            assertThat(store.claim(new WorkClaim("work", "one", MINUTE))).isTrue();
            assertThat(store.revision()).isEqualTo(2);
        }
        StoreException wrong = fails(() -> JdbcKeyStore.of(address(bare, "wrong")));
        assertThat(wrong).hasMessageContaining("refused this user").hasMessageNotContaining("wrong");
        StoreException none =
                fails(() -> JdbcKeyStore.of(address(server.freshSchema().replace("user=postgres&", ""), "pass wörd")));
        assertThat(none).as("may not make tables").hasMessageContaining("docs/STORES.md");
        server.run("DROP OWNED BY secured", "DROP ROLE secured");
    }

    private static StoreAddress address(String url, String password) {
        return StoreAddress.of(
                url, TestPostgres.SECURED, SecretBytes.owning(password.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void of_noSuchDatabaseOrServer_isUnavailableAtOnce() throws Exception {
        assertThat(fails(() -> StoreKind.open(server.url().replace("/postgres", "/nothing") + "?user=postgres")))
                .hasMessageContaining("no database of that name");
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        long begun = System.nanoTime();
        StoreException away = fails(() -> StoreKind.open("jdbc:postgresql://localhost:" + free + "/app"));
        assertThat(away).hasMessageContaining("cannot be reached");
        assertThat(away.retryable()).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void of_serverThatSaysNothing_endsWithinItsBound() throws Exception {
        try (ServerSocket silent = new ServerSocket(0)) {
            CompletableFuture<Socket> accepted = CompletableFuture.supplyAsync(() -> {
                try {
                    return silent.accept();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            long begun = System.nanoTime();
            fails(() ->
                    StoreKind.open("jdbc:postgresql://localhost:" + silent.getLocalPort() + "/app?socketTimeout=1"));
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
            accepted.join().close();
        }
    }

    @Test
    void everyMethod_connectionsEndedByTheServer_goOnNewOnes() throws Exception {
        try (NamedKeyStore store = StoreKind.open(url)) {
            store.apply(change("orders", 0));
            for (long generation = 1; generation < 5; generation++) {
                server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        + " WHERE application_name = 'sealwright'");
                assertThat(store.apply(change("orders", generation))).isTrue();
                assertThat(store.find("orders").orElseThrow().generation()).isEqualTo(generation + 1);
            }
        }
    }

    @Test
    void apply_rowLockedByAnother_waitsAndThenIsUnavailable() throws Exception {
        try (NamedKeyStore store = StoreKind.open(url);
                Connection other = DriverManager.getConnection(url)) {
            store.apply(change("orders", 0));
            Sql.execute(other, "BEGIN");
            Sql.execute(other, "SELECT 1 FROM kms_key WHERE name = 'orders' FOR UPDATE");
            long begun = System.nanoTime();
            assertThat(fails(() -> store.apply(change("orders", 1)))).hasMessageContaining("holds its lock");
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(12));
            assertThat(store.apply(change("invoices", 0)))
                    .as("other keys go on")
                    .isTrue();
            assertThat(store.find("orders")).as("reading goes on").isPresent();
            Sql.execute(other, "ROLLBACK");
            assertThat(store.apply(change("orders", 1))).isTrue();
        }
    }

    @Test
    void replace_keyMadeByAnotherMeanwhile_overwritesNothing() throws Exception {
        KeyChange change = change("orders", 0);
        KeyReplacement first = new KeyReplacement("a-first", 0, 5, new byte[10], List.of(), List.of(), null);
        KeyReplacement second = new KeyReplacement("orders", 0, 5, new byte[10], change.put(), List.of(), null);
        try (NamedKeyStore store = StoreKind.open(url);
                Connection other = DriverManager.getConnection(url)) {
            Sql.execute(other, "BEGIN");
            Sql.execute(other, "INSERT INTO kms_key (name, generation, manifest) VALUES ('orders', 9, 'tombstone')");
            CompletableFuture<Boolean> replaced =
                    CompletableFuture.supplyAsync(() -> store.replace(List.of(first, second)));
            for (int i = 0; i < 400 && !waitsForALock(); i++) {
                Thread.sleep(10);
            }
            assertThat(waitsForALock()).isTrue();
            Sql.execute(other, "COMMIT");
            assertThat(replaced.get(20, TimeUnit.SECONDS)).isFalse();
            assertThat(store.find("orders").orElseThrow().generation()).isEqualTo(9);
            assertThat(store.find("orders").orElseThrow().manifest()).asString().isEqualTo("tombstone");
            assertThat(store.find("a-first")).as("all or nothing").isEmpty();
        }
    }

    private boolean waitsForALock() throws SQLException {
        try (Connection watching = DriverManager.getConnection(url)) {
            return Sql.first(
                            watching,
                            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'sealwright'"
                                    + " AND wait_event_type = 'Lock' AND query LIKE '%kms_key%'",
                            row -> true)
                    .isPresent();
        }
    }

    @Test
    void apply_otherKeyBeingCommittedByAnother_doesNotWaitForIt() throws Exception {
        try (NamedKeyStore store = StoreKind.open(url);
                Connection other = DriverManager.getConnection(url)) {
            // Another process stands still right before its commit: its slot of the counter is locked.
            Sql.execute(other, "BEGIN");
            Sql.execute(
                    other,
                    "UPDATE kms_revision SET changes = changes + 1 WHERE slot ="
                            + " ((SELECT max(pid) FROM pg_stat_activity WHERE application_name = 'sealwright') + 1) % 16");
            long before = store.revision();
            // The other commits below only: to wait for it would end in an error.
            assertThat(store.apply(change("orders", 0))).isTrue();
            assertThat(store.revision())
                    .as("what is not committed does not count")
                    .isEqualTo(before + 1);
            Sql.execute(other, "COMMIT");
            assertThat(store.revision()).isEqualTo(before + 2);
        }
    }

    @Test
    void apply_databaseCommitsWithoutWaiting_isDurableAllTheSame() throws Exception {
        String lax = url + "&options=-c%20synchronous_commit=off";
        try (NamedKeyStore store = StoreKind.open(lax);
                Connection other = DriverManager.getConnection(lax)) {
            assertThat(store.apply(change("orders", 0))).isTrue();
            assertThat(Dialect.text(other, "SHOW synchronous_commit")).isEqualTo("off");
            Sql.execute(other, Dialect.POSTGRESQL.beginWrite());
            assertThat(Dialect.text(other, "SHOW synchronous_commit")).isEqualTo("on");
        }
    }

    @Test
    void apply_readOnlyDatabase_isUnavailableAndReadingWorks() throws Exception {
        StoreKind.open(url).close();
        try (NamedKeyStore store = StoreKind.open(url + "&options=-c%20default_transaction_read_only=on")) {
            assertThat(store.names()).isEmpty();
            assertThat(fails(() -> store.apply(change("orders", 0)))).hasMessageContaining("read-only");
        }
    }

    @Test
    void claim_databaseClockFarAhead_leasesAreByThatClock() throws Exception {
        // The server's clock stands where this process's will be in a year; only the server's is asked.
        String schema = url.replaceFirst(".*currentSchema=", "");
        StoreKind.open(url).close();
        server.run("CREATE FUNCTION " + schema + ".clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
                + " $$ SELECT pg_catalog.clock_timestamp() + interval '1 year' $$");
        String ahead = url + ",pg_catalog";
        try (NamedKeyStore store = StoreKind.open(ahead)) {
            assertThat(store.claim(new WorkClaim("work", "one", MINUTE))).isTrue();
            assertThat(store.claim(new WorkClaim("work", "two", MINUTE))).isFalse();
            long until = Long.parseLong(server.ask("SELECT until_millis FROM " + schema + ".kms_claim"));
            assertThat(until)
                    .isGreaterThan(
                            System.currentTimeMillis() + Duration.ofDays(364).toMillis());
            server.run("UPDATE " + schema + ".kms_claim SET until_millis = until_millis - 60001");
            assertThat(store.claim(new WorkClaim("work", "two", MINUTE)))
                    .as("ran out")
                    .isTrue();
        }
    }

    @Test
    void of_newerSchema_isRefused() throws Exception {
        StoreKind.open(url).close();
        TestPostgres.runAt(url, "UPDATE kms_schema SET version = 99");
        StoreException e = catchThrowableOfType(StoreException.class, () -> StoreKind.open(url));
        assertThat(e.code()).isEqualTo(ErrorCode.KMS_STORE_NEWER);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE kms_key SET generation = -1",
                "UPDATE kms_key SET manifest = decode(repeat('00', 16777217), 'hex')",
                "UPDATE kms_version SET wraps = ''",
                "UPDATE kms_version SET id = '\\x01'",
                "UPDATE kms_version SET number = -2",
                "DROP TABLE kms_version",
                "ALTER TABLE kms_key DROP COLUMN manifest",
            })
    void find_rowsTamperedWith_isCorrupt(String damage) throws Exception {
        try (NamedKeyStore store = StoreKind.open(url)) {
            store.apply(change("orders", 0));
            TestPostgres.runAt(url, damage);
            StoreException e = catchThrowableOfType(StoreException.class, () -> store.find("orders"));
            assertThat(e.code()).isEqualTo(ErrorCode.KMS_STORE_CORRUPT);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "57P01, LOST",
        "57P02, LOST",
        "57P03, LOST",
        "08006, LOST",
        "08003, LOST",
        "08001, AWAY",
        "53300, CROWDED",
        "40001, BUSY",
        "40P01, BUSY",
        "55P03, BUSY",
        "23505, BUSY",
        "57014, SLOW",
        "28P01, DENIED",
        "42501, DENIED",
        "3D000, NO_DATABASE",
        "25006, READ_ONLY",
        "53100, FULL",
        "58030, INPUT_OUTPUT",
        "42P01, CORRUPT",
        "XX001, CORRUPT",
        "22012, OTHER"
    })
    void failure_sqlState_isOfItsKind(String state, Failure failure) {
        SQLException e = new SQLException("text", state);
        assertThat(Dialect.POSTGRESQL.failure(e)).isEqualTo(failure);
        assertThat(Dialect.POSTGRESQL.failure(new SQLException("pool", null, e)))
                .isEqualTo(failure);
    }

    private static KeyChange change(String name, long generation) {
        byte[] id = new byte[16];
        id[0] = (byte) (generation + 1);
        id[1] = (byte) name.charAt(0);
        return new KeyChange(
                name,
                generation,
                generation + 1,
                new byte[100],
                List.of(new StoredVersion((int) generation + 1, id, new byte[60])),
                List.of(),
                null);
    }

    private static StoreException fails(ThrowingCallable call) {
        StoreException e = catchThrowableOfType(StoreException.class, call);
        assertThat(e).as("a StoreException").isNotNull();
        assertThat(e.code()).isEqualTo(ErrorCode.KMS_STORE_UNAVAILABLE);
        return e;
    }
}
