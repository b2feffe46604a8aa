package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code KMS_ALSO_WRAP_WITH} and {@code KMS_ALSO_OPEN_WITH}. */
class OtherMasterKeysTest {
    private static final String KEY = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";
    private static final String OLD = "A".repeat(43);

    @TempDir
    Path folder;

    private Path home;
    private Path plain;
    private Path sealed;

    @BeforeEach
    void write() throws Exception {
        home = folder.resolve("home");
        plain = Files.writeString(folder.resolve("a.txt"), "hello");
        sealed = folder.resolve("o.sealed");
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

    private String opened(Run run, Path message) {
        return done(run.kms("decrypt", message, "-o", "-")).out();
    }

    @Test
    void alsoOpen_opensWithoutOption_inAnEmptyHomeToo() {
        done(here().with("OLD", OLD).kms("encrypt", plain, "-m", "env://OLD", "-o", sealed));
        refused(here().with("OLD", OLD).kms("decrypt", sealed, "-o", "-"), "KMS_NO_MATCHING_RECIPIENT");
        Run named = here().with("OLD", OLD).with("KMS_ALSO_OPEN_WITH", "env://OLD");
        assertThat(opened(named, sealed)).isEqualTo("hello");
        assertThat(home).doesNotExist();
        done(here().kms("encrypt", plain));
        assertThat(opened(named, sealed)).isEqualTo("hello");
        assertThat(done(named.kms("health")).out()).contains("env://OLD");
        assertThat(done(named.kms("doctor")).out()).contains("ok       master key: env://OLD: check works");
    }

    @Test
    void alsoOpen_sealsNothingUnderIt_andOpensTheStoreThatLiesUnderIt() throws Exception {
        done(here().with("MASTER_ENCRYPTION_KEY", OLD).kms("encrypt", plain));
        Run moved = here().with("MASTER_ENCRYPTION_KEY", KEY).with("OLD", OLD).with("KMS_ALSO_OPEN_WITH", "env://OLD");
        assertThat(opened(moved, folder.resolve("a.txt.sealed"))).isEqualTo("hello");
        done(moved.kms("key", "create", "b"));
        assertThat(done(moved.kms("key", "show", "b", "--json")).out())
                .contains("\"masterKey\":\"env://MASTER_ENCRYPTION_KEY\"");
        assertThat(done(moved.kms("master-key", "rotate", "--to", "env://MASTER_ENCRYPTION_KEY"))
                        .out())
                .contains("2 re-wrapped");
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", KEY), folder.resolve("a.txt.sealed")))
                .isEqualTo("hello");
    }

    @Test
    void alsoOpen_movesFilesFromIt() {
        Run named = here().with("OLD", OLD).with("NEW", KEY).with("KMS_ALSO_OPEN_WITH", "env://OLD");
        done(named.kms("encrypt", plain, "-m", "env://OLD", "-o", sealed));
        done(named.kms("rewrap", "--to", "env://NEW", sealed));
        assertThat(done(here().with("NEW", KEY).kms("decrypt", sealed, "-m", "env://NEW", "-o", "-"))
                        .out())
                .isEqualTo("hello");
    }

    /** Each alone opens what was stored under both. */
    @Test
    void alsoWrap_wrapsWhatIsStored_sealsNothingByItself() throws Exception {
        Run both = here().with("MASTER_ENCRYPTION_KEY", KEY).with("OLD", OLD).with("KMS_ALSO_WRAP_WITH", "env://OLD");
        done(both.kms("encrypt", plain));
        done(both.kms("key", "create", "b"));
        Path message = folder.resolve("a.txt.sealed");
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", KEY), message)).isEqualTo("hello");
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", OLD), message)).isEqualTo("hello");
        assertThat(done(both.kms("doctor")).out()).contains("env://OLD: check, generate, wrap, unwrap work");
        done(both.kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", sealed));
        assertThat(done(both.kms("inspect", sealed)).out())
                .as("whoever names recipients gets those")
                .contains("1 of 1 wanted");
        assertThat(done(both.kms("key", "export", "b", "-m", "env://OLD", "-o", folder.resolve("b.key")))
                        .out())
                .contains("exported");
    }

    @Test
    void alsoWrap_storeThatWasUnderOneKey_isPutUnderBothAndBack() throws Exception {
        done(here().kms("encrypt", plain));
        Run both = here().with("OLD", OLD).with("KMS_ALSO_WRAP_WITH", "env://OLD");
        assertThat(both.kms("doctor").out())
                .contains("not under the newest version")
                .contains("run: kms master-key rotate --to local://default");
        done(both.kms("master-key", "rotate", "--to", "local://default"));
        done(both.kms("doctor"));
        Path key = home.resolve("local/default.key");
        Path kept = Files.move(key, folder.resolve("kept"));
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", OLD), folder.resolve("a.txt.sealed")))
                .isEqualTo("hello");
        Files.move(kept, key);
        done(here().with("OLD", OLD).kms("master-key", "rotate", "--to", "local://default", "-m", "env://OLD"));
        assertThat(done(here().kms("doctor")).out()).doesNotContain("not configured here");
    }

    @ParameterizedTest
    @CsvSource({
        "KMS_ALSO_OPEN_WITH, foo, KMS_ALSO_OPEN_WITH names no master key",
        "KMS_ALSO_WRAP_WITH, foo, KMS_ALSO_WRAP_WITH names no master key",
        "KMS_ALSO_OPEN_WITH, env://NOPE, There is no master key env://NOPE",
        "KMS_ALSO_WRAP_WITH, env://NOPE, There is no master key env://NOPE",
        "KMS_ALSO_OPEN_WITH, local://default, KMS_ALSO_OPEN_WITH names a master key that is given already",
        "KMS_ALSO_OPEN_WITH, env://OLD env://OLD, KMS_ALSO_OPEN_WITH names a master key that is given already"
    })
    void wrongName_isRefused(String variable, String value, String told) {
        done(here().kms("encrypt", plain));
        for (Object[] args : new Object[][] {
            {"encrypt", plain, "--force"},
            {"decrypt", plain + ".sealed", "-o", "-"},
            {"health"},
            {"key", "list"},
            {"master-key", "rotate"},
            {"rewrap", "--to", "local://default", plain + ".sealed"}
        }) {
            assertThat(refused(
                            here().with("OLD", OLD).with(variable, value).kms(args),
                            value.contains("NOPE") ? "KMS_KEY_NOT_FOUND" : "KMS_CONFIGURATION"))
                    .as(args[0].toString())
                    .contains(told);
        }
        assertThat(here().with("OLD", OLD).with(variable, value).kms("doctor").out())
                .contains("finding  ")
                .contains(told);
    }
}
