package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sqlite.SQLiteDataSource;

/** That a key is said to be retirable only where all that a job is about was seen after its last move, in one run. */
@Timeout(120)
class MigrationVerdictTest extends MovedOrders {
    private static final int BATCHES = 6;

    /** A run of 60 rows that is stopped after so many batches, of the moves first, then of the second look. */
    private MigrationReport stopped(Migration job, int batches) {
        AtomicInteger done = new AtomicInteger();
        MigrationReport report = job.batch(10)
                .checkpoint(folder.resolve("checkpoint"))
                .progress(now -> {
                    if (done.incrementAndGet() == batches) {
                        job.stop();
                    }
                })
                .run();
        assertThat(done).hasValue(batches);
        assertThat(report.complete()).isFalse();
        assertThat(report.retirable()).isEmpty();
        return report;
    }

    private MigrationReport resumed(Migration job) {
        return job.batch(10).checkpoint(folder.resolve("checkpoint")).run();
    }

    @ParameterizedTest
    @EnumSource
    void run_stoppedInTheSecondLook_looksAtAllOfItAgain(Database database) throws Exception {
        DataSource at = filled(database, 70, 7);
        byte[] old = Database.bytes(at, "SELECT card FROM orders WHERE id = 1");
        KeyManager kms = moving();
        stopped(orders(kms, at), BATCHES + 3);
        Database.update(at, "UPDATE orders SET card = ? WHERE id = 1", (Object) old); // as a backup would
        MigrationReport report = resumed(orders(kms, at));
        assertThat(report.complete()).isTrue();
        assertThat(report.leftAfter()).isEqualTo(1);
        assertThat(report.clean()).isFalse();
        assertThat(report.retirable()).isEmpty();
        MigrationReport again = resumed(orders(kms, at));
        assertThat(again.moved()).as("begins anew").isEqualTo(1);
        assertThat(again.clean()).isTrue();
        assertThat(again.after()).singleElement().satisfies(key -> {
            assertThat(key.key()).isEqualTo(NEW);
            assertThat(key.items()).as("counted once").isEqualTo(60);
        });
    }

    @Test
    void run_checkpointOfAnotherDatabase_isRefused() throws Exception {
        DataSource staging = filled(Database.SQLITE, 70, 7);
        KeyManager kms = moving();
        stopped(orders(kms, staging), BATCHES + 3);
        Path elsewhere = Files.createDirectories(folder.resolve("production"));
        Files.copy(folder.resolve("app.db"), elsewhere.resolve("app.db"));
        SQLiteDataSource production = new SQLiteDataSource();
        production.setUrl("jdbc:sqlite:" + elsewhere.resolve("app.db"));
        assertThatThrownBy(() -> resumed(orders(kms, production)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("another job");
        // A file put in its place, as a backup is.
        Files.move(elsewhere.resolve("app.db"), folder.resolve("app.db"), StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> resumed(orders(kms, staging)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("another job");
    }

    @Test
    void run_checkpointOfATableThatWasMadeAnew_isRefused() throws Exception {
        DataSource at = filled(Database.POSTGRESQL, 70, 7);
        KeyManager kms = moving();
        stopped(orders(kms, at), 2);
        Database.run(
                at,
                "CREATE TABLE restored (LIKE orders INCLUDING ALL)",
                "DROP TABLE orders",
                "ALTER TABLE restored RENAME TO orders");
        assertThatThrownBy(() -> resumed(orders(kms, at)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("another job");
    }

    @ParameterizedTest
    @EnumSource
    void run_rowsAreMissingInTheSecondLook_noVerdict(Database database) throws Exception {
        DataSource at = filled(database, 70, 7);
        KeyManager kms = moving();
        stopped(orders(kms, at), BATCHES);
        Database.run(at, "DELETE FROM orders WHERE id > 60");
        MigrationReport report = resumed(orders(kms, at));
        assertThat(report.complete()).isTrue();
        assertThat(report.missingAfter()).isEqualTo(8);
        assertThat(report.clean()).isFalse();
        assertThat(report.retirable()).isEmpty();
        assertThat(resumed(orders(kms, at)).clean()).as("all that is there").isTrue();
    }

    private Path files() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        KeyManager app = kms(b -> b.masterKey(from.twin()));
        for (int i = 0; i < 60; i++) {
            Files.write(
                    data.resolve("f" + (10 + i)), app.encrypt("content " + i).toBytes());
        }
        return data;
    }

    @Test
    void run_folderIsEmptyWhenItGoesOn_noVerdict() throws Exception {
        Path data = files();
        KeyManager kms = moving();
        stopped(Migration.of(kms).files(List.of(data)), 4);
        Path away = Files.createDirectories(folder.resolve("away"));
        for (int i = 0; i < 60; i++) {
            Files.move(data.resolve("f" + (10 + i)), away.resolve("f" + (10 + i)));
        }
        MigrationReport report = resumed(Migration.of(kms).files(List.of(data)));
        assertThat(report.moved()).isEqualTo(40);
        assertThat(report.missingAfter()).isEqualTo(40);
        assertThat(report.clean()).isFalse();
        assertThat(report.retirable()).isEmpty();
    }

    @Test
    void run_anotherFolderLiesThereWhenItGoesOn_isRefused() throws Exception {
        Path data = files();
        KeyManager kms = moving();
        stopped(Migration.of(kms).files(List.of(data)), 4);
        Files.move(data, folder.resolve("unmounted"));
        Files.createDirectory(data);
        assertThatThrownBy(() -> resumed(Migration.of(kms).files(List.of(data))))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("another job");
    }
}
