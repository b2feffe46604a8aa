package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import io.sealwright.kms.store.jdbc.JdbcKeyStore;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** First uses that go wrong leave nothing in the way of the next one, and a store says under which master key it lies. */
class FirstUseTest extends FreshHome {
    @ParameterizedTest
    @CsvSource({
        "MASTER_ENCRYPTION_KEY, short, KMS_CONFIGURATION",
        "ENCRYPTION_KEY, short, KMS_CONFIGURATION",
        "MASTER_ENCRYPTION_KEY_FILE, /none/key, KMS_KEY_NOT_FOUND",
        "KMS_MASTER_KEY, env://NOPE, KMS_KEY_NOT_FOUND",
        "KMS_ALSO_WRAP_WITH, env://NOPE, KMS_KEY_NOT_FOUND",
        "KMS_ALSO_OPEN_WITH, env://NOPE, KMS_KEY_NOT_FOUND",
        "KMS_DEADLINE, soon, KMS_CONFIGURATION"
    })
    void firstUse_variableMistyped_makesNothing(String variable, String value, String code) {
        for (Object[] args : new Object[][] {{"encrypt", plain}, {"key", "create", "a"}}) {
            assertThat(here().with(variable, value).kms(args).refused(code).err())
                    .doesNotContain("kms: made");
            assertThat(home).doesNotExist();
        }
        here().kms("encrypt", plain).done();
    }

    @Test
    void firstUse_masterKeyDoesNotWrap_makesNothing() {
        Run away = here().with("KMS_PROVIDER", "vault")
                .with("VAULT_ADDR", "http://127.0.0.1:1")
                .with("VAULT_TOKEN", "t")
                .with("KMS_RETRY_ATTEMPTS", "1");
        away.kms("encrypt", plain).refused("KMS_UNAVAILABLE");
        assertThat(home).doesNotExist();
    }

    /** As an earlier release left it, or a program that opened a store and made no key. */
    @Test
    void storeWithoutAKey_countsAsNone() throws Exception {
        JdbcKeyStore.sqlite(Files.createDirectories(home).resolve("store.db")).close();
        assertThat(here().kms("health").refused("KMS_CLI_NOTHING_MADE").err())
                .contains("Nothing is in the store " + home.resolve("store.db"))
                .contains("no key file at");
        assertThat(here().kms("key", "list", "--json").done().out()).isEqualTo("{\"keys\":[]}\n");
        Result doctor = here().kms("doctor");
        assertThat(doctor.out())
                .contains("finding  master key: Nothing was made yet")
                .contains("run: kms master-key bootstrap --create")
                .doesNotContain("backup");
        assertThat(here().kms("encrypt", plain).done().err()).contains("made the key file");
        assertThat(here().kms("decrypt", sealed, "-o", "-").done().out()).isEqualTo("attack at dawn");
    }

    @Test
    void storeUnderTheEnvironmentsKey_variableForgotten_saysUnderWhichKeyItLies() throws Exception {
        Run named = here().with("MASTER_ENCRYPTION_KEY", KEY);
        named.kms("encrypt", plain).done();
        named.kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", direct)
                .done();
        Matcher recipient = Pattern.compile("in-process ([0-9a-f]{32})")
                .matcher(named.kms("inspect", direct).out());
        assertThat(recipient.find()).isTrue();
        for (Object[] args :
                new Object[][] {{"encrypt", plain, "--force"}, {"health"}, {"key", "list"}, {"key", "create", "b"}}) {
            assertThat(here().kms(args).refused("KMS_CLI_KEY_FILE_LOST").err())
                    .as(args[0].toString())
                    .contains("lies under " + recipient.group())
                    .contains("if there never was one, name the master key")
                    .contains("MASTER_ENCRYPTION_KEY")
                    .doesNotContain("that file alone");
        }
        assertThat(here().kms("doctor").out())
                .contains("lies under " + recipient.group())
                .contains("MASTER_ENCRYPTION_KEY");
        Run another = here().with("MASTER_ENCRYPTION_KEY", OTHER);
        assertThat(another.kms("key", "create", "b")
                        .refused("KMS_NO_MATCHING_RECIPIENT")
                        .err())
                .contains("It lies under " + recipient.group());
    }

    @Test
    void storeUnderAnotherMasterKey_doesNotStopMovingFilesThatAreNotItsOwn() throws Exception {
        here().with("MASTER_ENCRYPTION_KEY", KEY).kms("encrypt", plain).done();
        Run both = here().with("FROM", KEY).with("TO", OTHER);
        both.kms("encrypt", plain, "-m", "env://FROM", "-o", direct).done();
        both.kms("rewrap", "--from", "env://FROM", "--to", "env://TO", direct).done();
        assertThat(here().with("TO", OTHER)
                        .kms("decrypt", direct, "-m", "env://TO", "-o", "-")
                        .done()
                        .out())
                .isEqualTo("attack at dawn");
        assertThat(both.kms("decrypt", sealed, "-m", "env://FROM", "-o", "-")
                        .done()
                        .out())
                .as("what opens the store is given")
                .isEqualTo("attack at dawn");
    }

    @Test
    void storeUnderAnotherKeyFile_namesIt() {
        here().kms("master-key", "bootstrap", "-m", "local://second", "--create")
                .done();
        here().with("KMS_MASTER_KEY", "local://second").kms("encrypt", plain).done();
        assertThat(here().kms("key", "list").refused("KMS_CLI_KEY_FILE_LOST").err())
                .contains("lies under local://second")
                .contains("Set KMS_MASTER_KEY=local://second.")
                .doesNotContain("backup");
        assertThat(here().kms("doctor").out()).contains("do:  Set KMS_MASTER_KEY=local://second.");
    }
}
