package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.spi.WorkClaim;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores of older schemas, and rows that a wrong clock left. */
class SchemaTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @TempDir
    Path folder;

    @Test
    void sqlite_schemaOne_isBroughtUpToDateAndKeepsItsRows() throws Exception {
        Path file = folder.resolve("store.db");
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            store.initialise(new byte[] {7});
        }
        sql(
                file,
                "DROP TABLE kms_claim",
                "DROP INDEX kms_key_due",
                "ALTER TABLE kms_key DROP COLUMN due_millis",
                "UPDATE kms_schema SET version = 1");
        byte[] before = Files.readAllBytes(file);
        try (StoreAddress address = StoreAddress.of("jdbc:sqlite:" + file)) {
            assertThat(new JdbcStoreProvider().schema(address)).hasValue(new StoreSchema(1, 3));
        }
        assertThat(Files.readAllBytes(file)).as("only looked at").isEqualTo(before);
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            assertThat(store.storeKey()).hasValue(new byte[] {7});
            assertThat(store.claim(new WorkClaim("work", "one", MINUTE))).isTrue();
            assertThat(store.due(Instant.now(), 10)).isEmpty();
        }
    }

    @Test
    void schema_ofAFileThatIsNotThere_isNoneAndMakesNone() {
        Path file = folder.resolve("store.db");
        try (StoreAddress address = StoreAddress.of("jdbc:sqlite:" + file)) {
            assertThat(new JdbcStoreProvider().schema(address)).isEmpty();
        }
        assertThat(file).doesNotExist();
    }

    @Test
    void claim_heldForLongerThanAnyLease_isFree() throws Exception {
        Path file = folder.resolve("store.db");
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            WorkClaim theirs = new WorkClaim("work", "two", MINUTE);
            assertThat(store.claim(new WorkClaim("work", "one", MINUTE))).isTrue();
            sql(file, "UPDATE kms_claim SET until_millis = until_millis + 3500000");
            assertThat(store.claim(theirs)).isFalse();
            sql(file, "UPDATE kms_claim SET until_millis = until_millis + 600000");
            assertThat(store.claim(theirs)).as("the clock was set back since").isTrue();
        }
    }

    @Test
    void clock_ofADatabaseInThisProcess_isNone() {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(folder.resolve("store.db"))) {
            assertThat(store.clock()).isEmpty();
        }
    }

    private static void sql(Path file, String... statements) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file)) {
            for (String statement : statements) {
                Sql.execute(connection, statement);
            }
        }
    }
}
