package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code kms backup create} and {@code kms backup restore}. */
class BackupCommandTest extends FreshHome {
    private Path backup;

    @BeforeEach
    void message() {
        backup = folder.resolve("keys.backup");
        done("encrypt", plain);
    }

    private void opens() {
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
    }

    private List<Path> saved() throws Exception {
        try (Stream<Path> files = Files.list(home)) {
            return files.filter(file -> file.getFileName().toString().startsWith("before-restore-"))
                    .toList();
        }
    }

    @Test
    void create_namesTheKeyFileAndTheFileIsItsOwnersAlone() throws Exception {
        Result result = done("backup", "create", backup);
        assertThat(result.out()).startsWith("backed up 1 key as of 20");
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("local://default")
                .contains(home.resolve("local/default.key").toString());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)))
                .isEqualTo("rw-------");
        kms("backup", "create", backup).refused("KMS_CLI_TARGET_EXISTS");
        kms("decrypt", backup, "-o", "-").refused("KMS_MESSAGE_MALFORMED");
        assertThat(done("backup", "create", "-").bytes()).startsWith(Files.readAllBytes(backup)[0]);
    }

    @Test
    void restore_storeLost_makesItAnew() throws Exception {
        done("backup", "create", backup);
        for (String name : List.of("store.db", "store.db-wal", "store.db-shm")) {
            Files.deleteIfExists(home.resolve(name));
        }
        assertThat(done("backup", "restore", backup).out()).startsWith("restored 1 key of the backup made 20");
        opens();
        assertThat(saved()).isEmpty();
    }

    @Test
    void restore_homeIsNotThereAndStoreIsElsewhere_makesItForWhatIsKept() throws Exception {
        String store = "jdbc:sqlite:" + folder.resolve("elsewhere.db");
        String key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        Run run = Run.at(folder.resolve("one")).with("MASTER_ENCRYPTION_KEY", key);
        run.kms("key", "create", "orders", "--store", store).done();
        run.kms("backup", "create", backup, "--store", store).done();
        home = folder.resolve("two");
        Result result = here().with("MASTER_ENCRYPTION_KEY", key)
                .kms("backup", "restore", backup, "--force", "--store", store)
                .done();
        assertThat(saved()).hasSize(1);
    }

    @Test
    void restore_intoAnotherHome_needsTheKeyFileFirst() throws Exception {
        done("backup", "create", backup);
        Path before = home;
        home = folder.resolve("elsewhere");
        kms("backup", "restore", backup).refused("KMS_CLI_KEY_FILE_LOST");
        assertThat(home).doesNotExist();
        Files.createDirectories(home.resolve("local"));
        Files.copy(before.resolve("local/default.key"), home.resolve("local/default.key"));
        done("backup", "restore", backup);
        opens();
    }

    @Test
    void restore_storeHasKeys_needsForceAndSavesItFirst() throws Exception {
        done("key", "create", "doomed");
        done("backup", "create", backup);
        done("key", "destroy", "doomed", "--now", "--yes");
        done("key", "create", "later");
        kms("backup", "restore", backup).refused("KMS_OPERATION_REFUSED");
        Result result = done("backup", "restore", backup, "--force");
        assertThat(result.out())
                .startsWith("restored 2 keys of the backup made 20")
                .endsWith("; kept 1 key that it does not have\n");
        assertThat(saved())
                .singleElement()
                .satisfies(old -> assertThat(result.err()).contains("the store as it was is in " + old));
        opens();
        assertThat(done("key", "list").out().lines().toList())
                .hasSize(3)
                .anySatisfy(line -> assertThat(line).startsWith("doomed").contains("destroyed"))
                .anySatisfy(line -> assertThat(line).startsWith("later").contains("active"));
        done("backup", "restore", saved().get(0), "--force");
        assertThat(saved()).hasSize(2);
        opens();
    }

    /** What the page says: the copy of a damaged store is restored as any backup is, without what was damaged. */
    @Test
    void restore_storeWasDamaged_theCopyThatIsKeptCanBeRestored() throws Exception {
        done("key", "create", "damaged");
        done("backup", "create", backup);
        done("key", "create", "later");
        done("key", "create", "damaged-later");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("store.db"));
                Statement statement = connection.createStatement()) {
            assertThat(statement.executeUpdate(
                            "UPDATE kms_key SET manifest = zeroblob(length(manifest)) WHERE name LIKE 'damaged%'"))
                    .isEqualTo(2);
        }
        assertThat(done("backup", "restore", backup, "--force").err())
                .contains("key 'damaged' could not be used as it was, and is as the backup has it")
                .contains("key 'damaged-later' cannot be used, and the backup does not have it");
        Path copy = saved().get(0);

        Result again = done("backup", "restore", copy, "--force");
        assertThat(again.out())
                .startsWith("restored 2 keys of the backup made 20")
                .endsWith("; left out 2 keys\n");
        assertThat(again.err()).contains("key 'damaged' was damaged when this file was made, and was left out");
        opens();

        Path before = home;
        home = folder.resolve("elsewhere");
        Files.createDirectories(home.resolve("local"));
        Files.copy(before.resolve("local/default.key"), home.resolve("local/default.key"));
        done("backup", "restore", copy);
        assertThat(done("key", "list").out()).contains("later").doesNotContain("damaged");
        opens();
    }

    @Test
    void restore_damagedCutOrNotThere_isRefusedAndNothingIsWritten() throws Exception {
        done("backup", "create", backup);
        byte[] whole = Files.readAllBytes(backup);
        Files.delete(backup);
        kms("backup", "restore", backup, "--force").refused("KMS_CLI_INPUT");
        Files.write(backup, java.util.Arrays.copyOf(whole, whole.length - 1));
        kms("backup", "restore", backup, "--force").refused("KMS_AUTHENTICATION_FAILED");
        Files.write(backup, Files.readAllBytes(sealed));
        kms("backup", "restore", backup, "--force").refused("KMS_MESSAGE_MALFORMED");
        whole[whole.length - 40] ^= 1;
        Files.write(backup, whole);
        kms("backup", "restore", backup, "--force").refused("KMS_AUTHENTICATION_FAILED");
        assertThat(saved()).isEmpty();
        opens();
    }
}
