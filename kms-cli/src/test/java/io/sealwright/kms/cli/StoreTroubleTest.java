package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store that does not open, was cut off, or is a link to nothing: what goes on without it, and what is said. */
class StoreTroubleTest extends FreshHome {
    private Path store;

    @BeforeEach
    void sealBoth() {
        done("encrypt", plain);
        done("encrypt", plain, "-m", "local://default", "-o", direct);
        store = home.resolve("store.db");
    }

    private void replace(String how) throws Exception {
        for (String ending : new String[] {"", "-wal", "-shm", "-turn"}) {
            Files.deleteIfExists(home.resolve("store.db" + ending));
        }
        switch (how) {
            case "damaged" -> Files.writeString(store, "no database".repeat(1000));
            case "empty" -> Files.createFile(store, OwnerOnly.file(home));
            default -> Files.createSymbolicLink(store, Path.of("nowhere"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"damaged", "empty", "link"})
    void decrypt_messageUnderAMasterKeyAlone_opensAndTellsOfTheStore(String how) throws Exception {
        replace(how);
        Result result = kms("decrypt", direct, "-o", "-").done();
        assertThat(result.out()).isEqualTo("attack at dawn");
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .startsWith("kms: without the store " + store)
                .contains("[KMS_STORE_");
        assertThat(home.resolve("nowhere")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"damaged", "empty", "link"})
    void decrypt_messageUnderAKeyOfTheStore_saysThatTheStoreKeepsItFromOpening(String how) throws Exception {
        replace(how);
        for (String command : new String[] {"decrypt", "rewrap"}) {
            assertThat(kms(command, sealed, "-o", "-").errLines())
                    .as(command)
                    .singleElement()
                    .asString()
                    .contains("does not open. No master key here opens it, and the store of named keys does not open: ")
                    .contains("[KMS_STORE_");
        }
    }

    @Test
    void rewrap_messageUnderAMasterKeyAlone_tellsOfTheStore() throws Exception {
        replace("damaged");
        assertThat(kms("rewrap", direct).done().err()).contains("without the store " + store);
    }

    @Test
    void read_storeFileIsEmpty_makesNoTablesInItAndSaysSo() throws Exception {
        replace("empty");
        for (Object[] args : new Object[][] {
            {"health"},
            {"key", "list"},
            {"key", "show", "default"},
            {"inspect", sealed, "--resolve"},
            {"backup", "create", folder.resolve("b")},
            {"master-key", "rotate"},
            {"rewrap", "--to", "local://default", direct}
        }) {
            Result result = kms(args);
            assertThat(result.code()).as(args[0].toString()).isEqualTo(1);
            assertThat(result.errLines())
                    .as(args[0].toString())
                    .singleElement()
                    .asString()
                    .contains("The store " + store + " is empty.")
                    .contains("kms backup restore FILE");
            assertThat(store).as(args[0].toString()).isEmptyFile();
        }
    }

    @Test
    void create_storeFileIsEmpty_saysThatItMakesANewOne() throws Exception {
        replace("empty");
        assertThat(done("key", "create", "orders").errLines())
                .hasSize(2)
                .satisfiesExactly(
                        first -> assertThat(first).contains("is empty.").contains("A new one is made of it."),
                        second -> assertThat(second).contains("made the store " + store));
        assertThat(done("key", "create", "bills").err()).isEmpty();
    }

    @Test
    void restore_storeFileIsEmpty_restores() throws Exception {
        Path backup = folder.resolve("b");
        done("backup", "create", backup);
        replace("empty");
        done("backup", "restore", backup);
        assertThat(opened(here(), sealed)).isEqualTo("attack at dawn");
    }

    @Test
    void run_storeIsALinkToNothing_saysThatAndMakesNothing() throws Exception {
        replace("link");
        for (Object[] args : new Object[][] {{"health"}, {"key", "list"}, {"key", "create", "orders"}}) {
            assertThat(kms(args).refused("KMS_STORE_UNAVAILABLE").err())
                    .contains("The store " + store + " does not open. It is a link to a file that is not there.");
        }
        Result told = kms("doctor");
        assertThat(told.out()).contains("finding  store: The store " + store + " does not open. It is a link");
        assertThat(home.resolve("nowhere")).doesNotExist();
    }

    @Test
    void doctor_keyFileIsALinkToNothingOrAFolder_givesNoLineThatMendsNothing() throws Exception {
        Path key = home.resolve("local").resolve("default.key");
        Files.delete(key);
        Files.createSymbolicLink(key, Path.of("nowhere"));
        assertThat(kms("doctor").out())
                .contains("permissions: " + key + " is a link to a file that is not there.")
                .doesNotContain("chown");
        Files.delete(key);
        Files.createDirectory(key);
        replace("damaged");
        Files.delete(store);
        Files.createDirectory(store);
        assertThat(kms("doctor").out())
                .contains("finding  master key: ", "finding  store: ")
                .doesNotContain("chmod 600");
    }
}
