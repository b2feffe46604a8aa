package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import io.sealwright.kms.store.jdbc.JdbcKeyStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** First uses that go wrong leave nothing in the way of the next one, and a store says under which master key it lies. */
class FirstUseTest {
    private static final String KEY = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";
    private static final String OTHER = "A".repeat(43);

    @TempDir
    Path folder;

    private Path home;
    private Path plain;

    @BeforeEach
    void write() throws Exception {
        home = folder.resolve("home");
        plain = Files.writeString(folder.resolve("a.txt"), "hello");
    }

    private Run here() {
        return Run.at(home);
    }

    private static Result done(Result result) {
        assertThat(result.code()).as(result.out() + result.err()).isZero();
        return result;
    }

    private static String refused(Result result, String code) {
        assertThat(result.code()).as(result.err()).isEqualTo(1);
        assertThat(result.errLines()).singleElement().asString().endsWith("[" + code + "]");
        return result.err();
    }

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
            assertThat(refused(here().with(variable, value).kms(args), code)).doesNotContain("kms: made");
            assertThat(home).doesNotExist();
        }
        done(here().kms("encrypt", plain));
    }

    @Test
    void firstUse_masterKeyDoesNotWrap_makesNothing() {
        Run away = here().with("KMS_PROVIDER", "vault")
                .with("VAULT_ADDR", "http://127.0.0.1:1")
                .with("VAULT_TOKEN", "t")
                .with("KMS_RETRY_ATTEMPTS", "1");
        refused(away.kms("encrypt", plain), "KMS_UNAVAILABLE");
        assertThat(home).doesNotExist();
    }

    /** As an earlier release left it, or a program that opened a store and made no key. */
    @Test
    void storeWithoutAKey_countsAsNone() throws Exception {
        JdbcKeyStore.sqlite(Files.createDirectories(home).resolve("store.db")).close();
        assertThat(refused(here().kms("health"), "KMS_CLI_NOTHING_MADE"))
                .contains("Nothing is in the store " + home.resolve("store.db"))
                .contains("no key file at");
        assertThat(done(here().kms("key", "list", "--json")).out()).isEqualTo("{\"keys\":[]}\n");
        Result doctor = here().kms("doctor");
        assertThat(doctor.out())
                .contains("finding  master key: Nothing was made yet")
                .contains("run: kms master-key bootstrap --create")
                .doesNotContain("backup");
        assertThat(done(here().kms("encrypt", plain)).err()).contains("made the key file");
        assertThat(done(here().kms("decrypt", plain + ".sealed", "-o", "-")).out())
                .isEqualTo("hello");
    }

    @Test
    void storeUnderTheEnvironmentsKey_variableForgotten_saysUnderWhichKeyItLies() throws Exception {
        Run named = here().with("MASTER_ENCRYPTION_KEY", KEY);
        done(named.kms("encrypt", plain));
        Path direct = folder.resolve("direct");
        done(named.kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", direct));
        Matcher recipient = Pattern.compile("in-process ([0-9a-f]{32})")
                .matcher(named.kms("inspect", direct).out());
        assertThat(recipient.find()).isTrue();
        for (Object[] args :
                new Object[][] {{"encrypt", plain, "--force"}, {"health"}, {"key", "list"}, {"key", "create", "b"}}) {
            assertThat(refused(here().kms(args), "KMS_CLI_KEY_FILE_LOST"))
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
        assertThat(refused(another.kms("key", "create", "b"), "KMS_NO_MATCHING_RECIPIENT"))
                .contains("It lies under " + recipient.group());
    }

    @Test
    void storeUnderAnotherMasterKey_doesNotStopMovingFilesThatAreNotItsOwn() throws Exception {
        done(here().with("MASTER_ENCRYPTION_KEY", KEY).kms("encrypt", plain));
        Run both = here().with("FROM", KEY).with("TO", OTHER);
        Path direct = folder.resolve("direct");
        done(both.kms("encrypt", plain, "-m", "env://FROM", "-o", direct));
        done(both.kms("rewrap", "--from", "env://FROM", "--to", "env://TO", direct));
        assertThat(done(here().with("TO", OTHER).kms("decrypt", direct, "-m", "env://TO", "-o", "-"))
                        .out())
                .isEqualTo("hello");
        assertThat(done(both.kms("decrypt", plain + ".sealed", "-m", "env://FROM", "-o", "-"))
                        .out())
                .as("what opens the store is given")
                .isEqualTo("hello");
    }

    @Test
    void storeUnderAnotherKeyFile_namesIt() {
        done(here().kms("master-key", "bootstrap", "-m", "local://second", "--create"));
        done(here().with("KMS_MASTER_KEY", "local://second").kms("encrypt", plain));
        assertThat(refused(here().kms("key", "list"), "KMS_CLI_KEY_FILE_LOST"))
                .contains("lies under local://second")
                .contains("Set KMS_MASTER_KEY=local://second.")
                .doesNotContain("backup");
        assertThat(here().kms("doctor").out()).contains("do:  Set KMS_MASTER_KEY=local://second.");
    }
}
