package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import io.sealwright.kms.testbed.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line with its named keys on a real PostgreSQL. */
class PostgresStoreTest {
    @TempDir
    Path folder;

    private Path home;
    private String url;

    @BeforeEach
    void store() throws Exception {
        home = folder.resolve("home");
        url = TestPostgres.shared().freshSchema();
    }

    private Result run(Object... args) {
        return Run.at(home).with("KMS_STORE_URL", url).kms(args);
    }

    private Result done(Object... args) {
        Result result = run(args);
        assertThat(result.code()).as(result.err()).isZero();
        return result;
    }

    @Test
    void keysOfThatStore_seal_rotate_open_andNothingIsMadeInTheHome() throws Exception {
        done("master-key", "bootstrap", "--create");
        done("key", "create", "orders");
        Path sealed = folder.resolve("a.sealed");
        done("encrypt", Files.writeString(folder.resolve("a"), "attack at dawn"), "-k", "orders");
        done("key", "rotate", "orders");
        assertThat(done("key", "list").out()).contains("orders");
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        assertThat(done("inspect", "--resolve", sealed).out()).contains("orders");
        done("rewrap", sealed);
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        assertThat(home.resolve("keys.db")).doesNotExist();
        assertThat(done("doctor").out()).doesNotContain("FAIL");
    }

    @Test
    void backup_ofSqlite_restoresIntoIt() throws Exception {
        Path sealed = folder.resolve("a.sealed");
        Path backup = folder.resolve("keys.backup");
        Run.Result first = Run.at(home).kms("encrypt", Files.writeString(folder.resolve("a"), "attack at dawn"));
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(Run.at(home).kms("backup", "create", backup).code()).isZero();
        done("backup", "restore", backup);
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        Result again = run("backup", "restore", backup);
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.err()).contains("--force");
    }

    @Test
    void serverThatIsNotThere_isOneTypedErrorWithoutThePassword() {
        Result result = Run.at(home)
                .with("KMS_STORE_URL", "jdbc:postgresql://127.0.0.1:1/nothing")
                .with("KMS_STORE_USER", "app")
                .with("KMS_STORE_PASSWORD", "top-secret-word")
                .kms("key", "list");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("KMS_STORE_UNAVAILABLE").doesNotContain("top-secret-word");
    }
}
