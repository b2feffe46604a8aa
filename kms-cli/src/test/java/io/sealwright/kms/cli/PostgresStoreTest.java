package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import io.sealwright.kms.testbed.TestPostgres;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The command line with its named keys on a real PostgreSQL. */
class PostgresStoreTest extends FreshHome {
    private String url;

    @BeforeEach
    void store() throws Exception {
        url = TestPostgres.shared().freshSchema();
    }

    @Override
    Run here() {
        return super.here().with("KMS_STORE_URL", url);
    }

    @Test
    void keysOfThatStore_seal_rotate_open_andNothingIsMadeInTheHome() throws Exception {
        done("master-key", "bootstrap", "--create");
        done("key", "create", "orders");
        done("encrypt", plain, "-k", "orders");
        done("key", "rotate", "orders");
        assertThat(done("key", "list").out()).contains("orders");
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        assertThat(done("inspect", "--resolve", sealed).out()).contains("orders");
        done("rewrap", sealed);
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        assertThat(home.resolve("store.db")).doesNotExist();
        assertThat(done("doctor").out()).doesNotContain("finding ");
    }

    @Test
    void backup_ofSqlite_restoresIntoIt() throws Exception {
        Path backup = folder.resolve("keys.backup");
        Run.at(home).kms("encrypt", plain).done();
        Run.at(home).kms("backup", "create", backup).done();
        done("backup", "restore", backup);
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        Result again = kms("backup", "restore", backup);
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
