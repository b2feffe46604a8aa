package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Master keys that the environment names. */
class EnvironmentKeysTest extends FreshHome {
    @Test
    void encrypt_keyInTheEnvironment_makesAStoreAndNoKeyFile() throws Exception {
        Result result = run(KEY).kms("encrypt", plain).done();
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("made the store")
                .contains("the master key env://MASTER_ENCRYPTION_KEY");
        assertThat(home.resolve("local")).doesNotExist();
        assertThat(home.resolve("store.db")).exists();
        assertThat(opened(run(KEY), sealed)).isEqualTo("attack at dawn");
        assertThat(run(KEY).kms("health").out()).contains("env://MASTER_ENCRYPTION_KEY");
        Result bootstrap = run(KEY).kms("master-key", "bootstrap");
        assertThat(bootstrap.out())
                .isEqualTo("master key env://MASTER_ENCRYPTION_KEY: key of 32 bytes from variable"
                        + " MASTER_ENCRYPTION_KEY\n");
    }

    @Test
    void decrypt_environmentAndDefaultKey_bothAreCandidates() throws Exception {
        here().kms("encrypt", plain).done();
        run(KEY).kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", direct)
                .done();
        assertThat(opened(run(KEY), sealed))
                .as("the store of the default key opens beside the environment's key")
                .isEqualTo("attack at dawn");
        assertThat(opened(run(KEY), direct)).isEqualTo("attack at dawn");
        Result without = here().kms("decrypt", direct, "-o", "-");
        assertThat(without.code()).isEqualTo(1);
        assertThat(without.err()).contains("[KMS_NO_MATCHING_RECIPIENT]");
    }

    @Test
    void inspect_resolve_namesTheEnvironmentsKeyWithAndWithoutAStore() throws Exception {
        run(KEY).kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", direct)
                .done();
        assertThat(home.resolve("store.db")).doesNotExist();
        Result result = run(KEY).kms("inspect", direct, "--resolve").done();
        assertThat(result.out()).contains(" = master key env://MASTER_ENCRYPTION_KEY\n");
        assertThat(home.resolve("store.db")).doesNotExist();

        Run rotated = run(OTHER).with("MASTER_ENCRYPTION_KEY_PREVIOUS", KEY);
        rotated.kms("encrypt", plain).done();
        assertThat(rotated.kms("inspect", direct, "--resolve").out())
                .contains(" = master key env://MASTER_ENCRYPTION_KEY, not its newest version\n");
        assertThat(rotated.kms("inspect", direct, "--resolve", "--json").out())
                .contains("\"key\":{\"name\":\"env://MASTER_ENCRYPTION_KEY\",\"version\":null}");
        assertThat(run(OTHER).kms("inspect", direct, "--resolve").out()).doesNotContain(" = ");
    }

    @Test
    void rotate_byHand_rewrapsWhatIsStored() throws Exception {
        run(KEY).kms("encrypt", plain).done();
        Result refused = run(KEY).kms("master-key", "rotate");
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.out() + refused.err())
                .contains("MASTER_ENCRYPTION_KEY_PREVIOUS")
                .doesNotContain(KEY);
        Result rotated = run(OTHER)
                .with("MASTER_ENCRYPTION_KEY_PREVIOUS", KEY)
                .kms("master-key", "rotate")
                .done();
        assertThat(rotated.out()).contains("re-wrapped");
        assertThat(opened(run(OTHER), sealed))
                .as("the old key is not needed for what named keys sealed")
                .isEqualTo("attack at dawn");
    }

    @Test
    void bootstrap_fileNamed_makesItOnce() throws Exception {
        Path file = folder.resolve("key");
        Run unset = here().with("MASTER_ENCRYPTION_KEY_FILE", file.toString());
        Result missing = unset.kms("master-key", "bootstrap");
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("MASTER_ENCRYPTION_KEY_FILE").contains("[KMS_KEY_NOT_FOUND]");
        Result made = unset.kms("master-key", "bootstrap", "--create").done();
        assertThat(made.err()).contains("made the master key env://MASTER_ENCRYPTION_KEY: back it up");
        String key = Files.readString(file);
        assertThat(key).matches("[A-Za-z0-9_-]{43}\n");
        assertThat(made.out() + made.err()).doesNotContain(key.trim());
        Result again = unset.kms("bootstrap_master_key", "--create").done();
        assertThat(again.err()).isEmpty();
        assertThat(Files.readString(file)).isEqualTo(key);
        assertThat(home.resolve("store.db")).as("the key alone was asked for").doesNotExist();
    }

    @Test
    void bootstrap_variableNotSet_saysHowToMakeOne() {
        Result result = here().with("KMS_PROVIDER", "env").kms("master-key", "bootstrap", "--create");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("MASTER_ENCRYPTION_KEY is not set").contains("openssl rand -base64 32");
    }

    @Test
    void bootstrap_localKeyByName_makesItAndItOpens() throws Exception {
        Result missing = here().kms("master-key", "bootstrap", "-m", "local://second");
        assertThat(missing.code()).isEqualTo(1);
        Result made = here().kms("master-key", "bootstrap", "-m", "local://second", "--create")
                .done();
        assertThat(home.resolve("local/second.key")).exists();
        assertThat(home.resolve("local/default.key")).doesNotExist();
        assertThat(home.resolve("store.db")).doesNotExist();
        Run chosen = here().with("KMS_MASTER_KEY", "local://second");
        chosen.kms("encrypt", plain).done();
        assertThat(opened(here().with("KMS_MASTER_KEY", "local://second"), sealed))
                .isEqualTo("attack at dawn");
        Result never = Run.at(folder.resolve("other"))
                .with("KMS_MASTER_KEY", "local://third")
                .kms("encrypt", plain, "-o", folder.resolve("x"));
        assertThat(never.code())
                .as("a key that was named is not made by chance")
                .isEqualTo(1);
        assertThat(never.err()).contains("third.key").contains("bootstrap --create");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "MASTER_ENCRYPTION_KEY | hunter2 | MASTER_ENCRYPTION_KEY holds no key",
                "ENCRYPTION_KEY | hunter2 | ENCRYPTION_KEY holds no key",
                "MASTER_ENCRYPTION_KEY_FILE | /none/hunter2-file | There is no master key env://MASTER_ENCRYPTION_KEY",
                "KMS_PROVIDER | azure | KMS_PROVIDER has no value that is allowed",
                "KMS_PROVIDER | aws-kms | AWS_KMS_KEY_ID is not set",
                "KMS_MASTER_KEY | aws-kms://alias/app | io.sealwright:kms-providers-aws"
            })
    void run_environmentWrong_isOneLineThatNamesIt(String variable, String value, String told) throws Exception {
        Path file = Files.writeString(folder.resolve("a.sealed"), "x");
        for (Object[] args : new Object[][] {
            {"encrypt", plain, "--force"},
            {"decrypt", file, "--force"},
            {"key", "create", "a"},
            {"health"},
            {"master-key", "bootstrap"}
        }) {
            Result result = here().with(variable, value).kms(args);
            assertThat(result.code()).as(args[0].toString()).isEqualTo(1);
            assertThat(result.errLines())
                    .as(args[0].toString())
                    .singleElement()
                    .asString()
                    .contains(told);
            assertThat(result.err()).doesNotContain("hunter2 ").doesNotContain("'hunter2'");
        }
    }

    @Test
    void encrypt_providerOfAnotherModule_namesTheArtifact() {
        Result result = here().kms("encrypt", plain, "-m", "aws-kms://alias/app");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("io.sealwright:kms-providers-aws").contains("[KMS_CONFIGURATION]");
    }

    @Test
    void encrypt_passphraseInTheEnvironment_roundTrips() throws Exception {
        Run passphrase = here().with("ENCRYPTION_KEY", "correct horse battery staple, twice")
                .with("KMS_PASSPHRASE_ITERATIONS", "210000");
        passphrase.kms("encrypt", plain, "-m", "env://ENCRYPTION_KEY").done();
        assertThat(passphrase.kms("inspect", sealed).out()).contains("passphrase");
        assertThat(opened(passphrase, sealed)).isEqualTo("attack at dawn");
        Result beside = passphrase
                .with("MASTER", KEY)
                .kms("encrypt", plain, "-m", "env://ENCRYPTION_KEY", "-m", "env://MASTER", "-o", folder.resolve("b"));
        assertThat(beside.code()).isEqualTo(1);
        assertThat(beside.err()).contains("passphrase");
    }

    @Test
    void passphraseFile_wrongOnes_areRefusedWithoutTheirContent() throws Exception {
        Surroundings here = Run.nowhere()
                .in("from standard input\n")
                .surroundings(OutputStream.nullOutputStream(), new Unfinished());
        assertThat(new String(PassphraseFile.read(here, "-").copy())).isEqualTo("from standard input");
        Path file = Files.writeString(folder.resolve("p"), "twelve chars\r\n");
        assertThat(new String(PassphraseFile.read(here, file.toString()).copy()))
                .isEqualTo("twelve chars");
        for (String wrong : new String[] {"", "\n", "hunter2", "hunter2hunt"}) {
            Files.writeString(file, wrong);
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> PassphraseFile.read(here, file.toString()))
                    .isInstanceOf(Failure.class)
                    .hasMessageContaining("holds no passphrase")
                    .hasMessageNotContaining("hunter2");
        }
        Files.write(file, new byte[] {(byte) 0xC3, 0x28, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> PassphraseFile.read(here, file.toString()))
                .hasMessageContaining("not UTF-8");
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> PassphraseFile.read(here, folder.resolve("none").toString()))
                .hasMessageContaining("cannot be read");
    }

    private Run run(String key) {
        return here().with("MASTER_ENCRYPTION_KEY", key);
    }
}
