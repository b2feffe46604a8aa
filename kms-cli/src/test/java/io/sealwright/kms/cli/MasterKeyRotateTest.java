package io.sealwright.kms.cli;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.cli.Run.Result;
import io.sealwright.kms.store.jdbc.JdbcKeyStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MasterKeyRotateTest extends FreshHome {
    @BeforeEach
    void message() {
        done("encrypt", plain);
    }

    private void demandOpens() {
        Path out = folder.resolve("opened");
        done("decrypt", sealed, "-o", out, "--force");
        assertThat(out).hasContent("attack at dawn");
    }

    private long versions(String name) throws Exception {
        return Files.readAllLines(home.resolve("local").resolve(name + ".key")).stream()
                .filter(line -> line.startsWith("version "))
                .count();
    }

    @ParameterizedTest
    @ValueSource(strings = {"master-key rotate", "rotate_encryption_keys"})
    void rotate_makesAVersionAndPutsEveryStoredKeyUnderIt(String command) throws Exception {
        done("key", "create", "orders");
        Result result = done((Object[]) command.split(" "));
        assertThat(result.out())
                .matches("master key local://default: made version [0-9a-f]{32}\n"
                        + "stored keys under local://default: 3 re-wrapped, 0 already newest\n");
        assertThat(result.err()).isEmpty();
        assertThat(versions("default")).isEqualTo(2);
        assertThat(home.resolve(RotationMark.NAME)).doesNotExist();
        demandOpens();
    }

    @Test
    void rotate_messageUnderTheMasterKeyItself_goesOnOpening() throws Exception {
        Path sealed = folder.resolve("b.sealed");
        done("encrypt", plain, "-m", "local://default", "-o", sealed);
        done("master-key", "rotate");
        done("master-key", "rotate");
        assertThat(versions("default")).isEqualTo(3);
        done("decrypt", sealed, "-o", folder.resolve("opened"));
    }

    @Test
    void rotate_wasNotFinished_goesOnWithoutAnotherVersion() throws Exception {
        done("master-key", "rotate");
        Files.writeString(home.resolve(RotationMark.NAME), "local://default\n" + home.resolve("store.db") + "\n");
        Result result = done("master-key", "rotate");
        assertThat(result.errLines())
                .containsExactly("kms: going on with the rotation of local://default that was not finished");
        assertThat(result.out()).isEqualTo("stored keys under local://default: 0 re-wrapped, 2 already newest\n");
        assertThat(versions("default")).isEqualTo(2);
        assertThat(home.resolve(RotationMark.NAME)).doesNotExist();
    }

    @Test
    void rotate_markOfAnotherStore_doesNotCount() throws Exception {
        Files.writeString(home.resolve(RotationMark.NAME), "local://default\n/elsewhere/store.db\n");
        done("master-key", "rotate");
        assertThat(versions("default")).isEqualTo(2);
    }

    @Test
    void rotate_toAnotherMasterKey_leavesTheMarkOfAnotherStore() throws Exception {
        otherKey();
        String mark = "local://default\n/elsewhere/store.db\n";
        Files.writeString(home.resolve(RotationMark.NAME), mark);
        done("master-key", "rotate", "--to", "local://other");
        assertThat(home.resolve(RotationMark.NAME)).hasContent(mark);
    }

    /** Of one that was killed, or of one of another master key: nothing is under an older version any more. */
    @ParameterizedTest
    @ValueSource(strings = {"local://default", "local://long-gone", "local://other"})
    void rotate_toAnotherMasterKey_leavesNoMarkOfThisStore(String begun) throws Exception {
        otherKey();
        done("master-key", "rotate", "--to", "local://other");
        // The process was ended between its last write and the removal of a mark that was there.
        Files.writeString(home.resolve(RotationMark.NAME), begun + "\n" + home.resolve("store.db") + "\n");
        Result again = done("master-key", "rotate", "--to", "local://other", "-m", "local://other");
        assertThat(again.out()).isEqualTo("stored keys under local://other: 0 re-wrapped, 2 already newest\n");
        assertThat(home.resolve(RotationMark.NAME)).doesNotExist();
    }

    @Test
    void rotate_markOfAKilledRotation_isGoneWhereTheKeyIsRotatedByHand() throws Exception {
        Path mark = folder.resolve("env-home").resolve(RotationMark.NAME);
        withEnvironmentKey(OLD).kms("encrypt", plain, "-o", folder.resolve("e")).done();
        Files.writeString(mark, "local://default\n" + folder.resolve("env-home").resolve("store.db") + "\n");
        Result told = withEnvironmentKey(OLD).kms("master-key", "rotate");
        assertThat(told.err()).contains("[KMS_OPERATION_REFUSED]");
        assertThat(mark).doesNotExist();
    }

    @Test
    void rotate_toAnotherMasterKey_movesTheStoreThereAndBack() throws Exception {
        otherKey();
        Result there = done("master-key", "rotate", "--to", "local://other");
        assertThat(there.out()).startsWith("stored keys under local://other: 2 re-wrapped, 0 already newest\n");
        assertThat(versions("default")).isEqualTo(1);
        Result lost = here().kms("key", "show", "default");
        assertThat(lost.code()).isEqualTo(1);
        assertThat(lost.err()).contains("[KMS_NO_MATCHING_RECIPIENT]");
        try (KeyManager kms = KeyManager.builder()
                .home(home)
                .masterKey("local://other")
                .store(JdbcKeyStore.sqlite(home.resolve("store.db")))
                .build()) {
            assertThat(kms.masterKeys().examineStored(Progress.NONE).problems()).isEmpty();
            assertThat(kms.decrypt(Files.readAllBytes(sealed)).toText()).isEqualTo("attack at dawn");
        }
        done("master-key", "rotate", "--to", "local://default", "-m", "local://other");
        demandOpens();
    }

    private void otherKey() throws Exception {
        Path elsewhere = folder.resolve("elsewhere");
        KeyManager.embedded(elsewhere).close();
        Files.copy(
                elsewhere.resolve("local").resolve("default.key"),
                home.resolve("local").resolve("other.key"),
                COPY_ATTRIBUTES);
    }

    @Test
    void rotate_toTheSameMasterKey_onlyRewraps() throws Exception {
        Result result = done("master-key", "rotate", "--to", "local://default");
        assertThat(result.out()).isEqualTo("stored keys under local://default: 0 re-wrapped, 2 already newest\n");
        assertThat(versions("default")).isEqualTo(1);
    }

    @Test
    void rotate_toAKeyThatIsNotThere_changesNothing() throws Exception {
        byte[] before = Files.readAllBytes(home.resolve("store.db"));
        Result result = here().kms("master-key", "rotate", "--to", "local://other");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.errLines()).singleElement().asString().contains("[KMS_KEY_NOT_FOUND]");
        assertThat(Files.readAllBytes(home.resolve("store.db"))).isEqualTo(before);
        demandOpens();
    }

    /** As {@code docs/MASTER-KEYS.md} says for key files that several machines have. */
    @Test
    void rotate_copyOfTheKeyFileWithoutAStore_makesTheVersionAlone() throws Exception {
        Path copy = Files.createDirectories(folder.resolve("copy").resolve("local"));
        Files.copy(home.resolve("local").resolve("default.key"), copy.resolve("default.key"), COPY_ATTRIBUTES);
        Result made = Run.at(folder.resolve("copy")).kms("master-key", "rotate").done();
        assertThat(made.out())
                .startsWith("master key local://default: made version ")
                .hasLineCount(1);

        Files.move(copy.resolve("default.key"), home.resolve("local").resolve("default.key"), REPLACE_EXISTING);
        assertThat(done("master-key", "rotate", "--to", "local://default").out())
                .isEqualTo("stored keys under local://default: 2 re-wrapped, 0 already newest\n");
        assertThat(versions("default")).isEqualTo(2);
        demandOpens();
    }

    private static final String OLD = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private static final String NEW = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    private Run withEnvironmentKey(String now) {
        return Run.at(folder.resolve("env-home")).with("MASTER_ENCRYPTION_KEY", now);
    }

    @Test
    void rotate_keyOfTheEnvironment_printsTheStepsAndRewrapsOnceTheyAreTaken() throws Exception {
        Path sealed = folder.resolve("env.sealed");
        Path direct = folder.resolve("env-direct.sealed");
        withEnvironmentKey(OLD).kms("encrypt", plain, "-o", sealed).done();
        withEnvironmentKey(OLD)
                .kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", direct)
                .done();

        Result told = withEnvironmentKey(OLD).kms("master-key", "rotate");
        assertThat(told.code()).isEqualTo(1);
        assertThat(told.out())
                .contains("MASTER_ENCRYPTION_KEY_PREVIOUS", "MASTER_ENCRYPTION_KEY_NEXT", "kms master-key rotate")
                .doesNotContain(OLD);
        assertThat(told.errLines()).singleElement().asString().endsWith("[KMS_OPERATION_REFUSED]");
        assertThat(told.err()).doesNotContain(OLD);

        Result done = withEnvironmentKey(NEW)
                .with("MASTER_ENCRYPTION_KEY_PREVIOUS", OLD)
                .kms("rotate_encryption_keys")
                .done();
        assertThat(done.out())
                .isEqualTo("stored keys under env://MASTER_ENCRYPTION_KEY: 2 re-wrapped, 0 already newest\n");
        Result again = withEnvironmentKey(NEW)
                .with("MASTER_ENCRYPTION_KEY_PREVIOUS", OLD)
                .kms("master-key", "rotate");
        assertThat(again.code()).as("nothing was rotated").isEqualTo(1);
        assertThat(again.out()).startsWith("The last rotation is done: ").contains("KMS_ALSO_OPEN_WITH=env://OLD_KEY");

        // What is stored needs the new key alone; a message under the old one needs the old one.
        withEnvironmentKey(NEW)
                .kms("decrypt", sealed, "-o", folder.resolve("opened-1"))
                .done();
        withEnvironmentKey(NEW)
                .with("MASTER_ENCRYPTION_KEY_PREVIOUS", OLD)
                .kms("decrypt", direct, "-o", folder.resolve("opened-2"))
                .done();
    }

    @Test
    void rotate_fromTheKeyFileToTheEnvironment_movesTheStore() {
        Run.Result moved = here().with("MASTER_ENCRYPTION_KEY", NEW)
                .kms("master-key", "rotate", "--to", "env://MASTER_ENCRYPTION_KEY")
                .done();
        assertThat(moved.out()).startsWith("stored keys under env://MASTER_ENCRYPTION_KEY: 2 re-wrapped");
        Result shown = here().with("MASTER_ENCRYPTION_KEY", NEW).kms("key", "show", "default", "--json");
        assertThat(shown.out()).contains("\"masterKey\":\"env://MASTER_ENCRYPTION_KEY\"");
    }

    @Test
    void rotate_emptyHome_makesNothing() {
        Path empty = folder.resolve("empty");
        Result result = Run.at(empty).kms("master-key", "rotate");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("[KMS_CLI_NOTHING_MADE]");
        assertThat(empty).doesNotExist();
    }

    @Test
    void rotate_storeOfAnotherKeyFile_makesNoVersion() throws Exception {
        Path other = folder.resolve("other-home");
        Run.at(other).kms("encrypt", plain, "-o", folder.resolve("c")).done();
        Result result = here().kms("master-key", "rotate", "--store", "jdbc:sqlite:" + other.resolve("store.db"));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("[KMS_CLI_UNHEALTHY]");
        assertThat(versions("default")).isEqualTo(1);
    }

    @Test
    void rotate_ofAnotherKeyByOption_isRefusedWithTheLineThatDoesIt() throws Exception {
        otherKey();
        byte[] before = Files.readAllBytes(home.resolve("store.db"));
        Result result = here().kms("master-key", "rotate", "-m", "local://other");
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("the one that commands use, here local://default")
                .contains("KMS_MASTER_KEY=local://other kms master-key rotate;")
                .contains("kms master-key rotate --to local://default -m local://other")
                .endsWith("[KMS_CLI_USAGE]");
        assertThat(here().kms("rotate_encryption_keys", "-m", "pkcs11:token=a;object=b")
                        .err())
                .contains("KMS_MASTER_KEY='pkcs11:token=a;object=b' kms master-key rotate;");
        assertThat(Files.readAllBytes(home.resolve("store.db"))).isEqualTo(before);
        assertThat(versions("default")).isEqualTo(1);

        done("master-key", "rotate", "-m", "local://default");
        assertThat(versions("default")).as("the one that is rotated anyway").isEqualTo(2);
        Result meant = here().with("KMS_MASTER_KEY", "local://other")
                .kms("master-key", "rotate")
                .done();
        assertThat(meant.out()).startsWith("master key local://other: made version ");
        assertThat(versions("other")).isEqualTo(2);
    }
}
