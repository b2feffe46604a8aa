package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code KMS_ALSO_WRAP_WITH} and {@code KMS_ALSO_OPEN_WITH}. */
class OtherMasterKeysTest extends FreshHome {
    @Test
    void alsoOpen_opensWithoutOption_inAnEmptyHomeToo() {
        here().with("OLD", OTHER)
                .kms("encrypt", plain, "-m", "env://OLD", "-o", direct)
                .done();
        here().with("OLD", OTHER).kms("decrypt", direct, "-o", "-").refused("KMS_NO_MATCHING_RECIPIENT");
        Run named = here().with("OLD", OTHER).with("KMS_ALSO_OPEN_WITH", "env://OLD");
        assertThat(opened(named, direct)).isEqualTo("attack at dawn");
        assertThat(home).doesNotExist();
        here().kms("encrypt", plain).done();
        assertThat(opened(named, direct)).isEqualTo("attack at dawn");
        assertThat(named.kms("health").done().out()).contains("env://OLD");
        assertThat(named.kms("doctor").done().out()).contains("ok       master key: env://OLD: check works");
    }

    @Test
    void alsoOpen_sealsNothingUnderIt_andOpensTheStoreThatLiesUnderIt() throws Exception {
        here().with("MASTER_ENCRYPTION_KEY", OTHER).kms("encrypt", plain).done();
        Run moved =
                here().with("MASTER_ENCRYPTION_KEY", KEY).with("OLD", OTHER).with("KMS_ALSO_OPEN_WITH", "env://OLD");
        assertThat(opened(moved, sealed)).isEqualTo("attack at dawn");
        moved.kms("key", "create", "b").done();
        assertThat(moved.kms("key", "show", "b", "--json").done().out())
                .contains("\"masterKey\":\"env://MASTER_ENCRYPTION_KEY\"");
        assertThat(moved.kms("master-key", "rotate", "--to", "env://MASTER_ENCRYPTION_KEY")
                        .done()
                        .out())
                .contains("2 re-wrapped");
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", KEY), sealed)).isEqualTo("attack at dawn");
    }

    @Test
    void alsoOpen_movesFilesFromIt() {
        Run named = here().with("OLD", OTHER).with("NEW", KEY).with("KMS_ALSO_OPEN_WITH", "env://OLD");
        named.kms("encrypt", plain, "-m", "env://OLD", "-o", direct).done();
        named.kms("rewrap", "--to", "env://NEW", direct).done();
        assertThat(here().with("NEW", KEY)
                        .kms("decrypt", direct, "-m", "env://NEW", "-o", "-")
                        .done()
                        .out())
                .isEqualTo("attack at dawn");
    }

    /** Each alone opens what was stored under both. */
    @Test
    void alsoWrap_wrapsWhatIsStored_sealsNothingByItself() throws Exception {
        Run both = here().with("MASTER_ENCRYPTION_KEY", KEY).with("OLD", OTHER).with("KMS_ALSO_WRAP_WITH", "env://OLD");
        both.kms("encrypt", plain).done();
        both.kms("key", "create", "b").done();
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", KEY), sealed)).isEqualTo("attack at dawn");
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", OTHER), sealed)).isEqualTo("attack at dawn");
        assertThat(both.kms("doctor").done().out()).contains("env://OLD: check, generate, wrap, unwrap work");
        both.kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", direct)
                .done();
        assertThat(both.kms("inspect", direct).done().out())
                .as("whoever names recipients gets those")
                .contains("1 of 1 wanted");
        assertThat(both.kms("key", "export", "b", "-m", "env://OLD", "-o", folder.resolve("b.key"))
                        .done()
                        .out())
                .contains("exported");
    }

    @Test
    void alsoWrap_storeThatWasUnderOneKey_isPutUnderBothAndBack() throws Exception {
        here().kms("encrypt", plain).done();
        Run both = here().with("OLD", OTHER).with("KMS_ALSO_WRAP_WITH", "env://OLD");
        assertThat(both.kms("doctor").out())
                .contains("not under the newest version")
                .contains("run: kms master-key rotate --to local://default");
        both.kms("master-key", "rotate", "--to", "local://default").done();
        both.kms("doctor").done();
        Path key = home.resolve("local/default.key");
        Path kept = Files.move(key, folder.resolve("kept"));
        assertThat(opened(here().with("MASTER_ENCRYPTION_KEY", OTHER), sealed)).isEqualTo("attack at dawn");
        Files.move(kept, key);
        here().with("OLD", OTHER)
                .kms("master-key", "rotate", "--to", "local://default", "-m", "env://OLD")
                .done();
        assertThat(here().kms("doctor").done().out()).doesNotContain("not configured here");
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
        here().kms("encrypt", plain).done();
        for (Object[] args : new Object[][] {
            {"encrypt", plain, "--force"},
            {"decrypt", sealed, "-o", "-"},
            {"health"},
            {"key", "list"},
            {"master-key", "rotate"},
            {"rewrap", "--to", "local://default", sealed}
        }) {
            assertThat(here().with("OLD", OTHER)
                            .with(variable, value)
                            .kms(args)
                            .refused(value.contains("NOPE") ? "KMS_KEY_NOT_FOUND" : "KMS_CONFIGURATION")
                            .err())
                    .as(args[0].toString())
                    .contains(told);
        }
        assertThat(here().with("OLD", OTHER).with(variable, value).kms("doctor").out())
                .contains("finding  ")
                .contains(told);
    }
}
