package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.spi.NamedKeyStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That a dry run counts and refuses what the run itself does. */
@Timeout(120)
class ForesightTest extends MovedOrders {
    private static final int ROWS = 5;

    private DataSource at;
    private KeyManager kms;

    @BeforeEach
    void store() throws Exception {
        at = Database.SQLITE.fresh(folder);
        Database.run(at, "CREATE TABLE orders (id integer PRIMARY KEY, card BLOB)");
        kms = kms(b -> b.masterKey(to).store(NamedKeyStore.inMemory()).schedule(false));
        kms.keys().create("orders", KeySpec.AES_256);
    }

    private void fill(boolean direct) throws Exception {
        for (int row = 1; row <= ROWS; row++) {
            var encryption = kms.encrypt("card of " + row).key("orders");
            Database.update(
                    at, "INSERT INTO orders VALUES (?, ?)", row, (direct ? encryption.direct() : encryption).toBytes());
        }
        kms.key("orders").rotate();
    }

    private void refusedAlike(Migration dry, Migration real, ErrorCode code) {
        for (Migration job : List.of(dry.dryRun(), real)) {
            MigrationReport report = job.run();
            assertThat(report.failed()).isEqualTo(ROWS);
            assertThat(report.moved() + report.encryptedAnew()).isZero();
            assertThat(report.failures())
                    .extracting(failure -> failure.error().code())
                    .containsOnly(code);
        }
    }

    private static void anewAlike(Migration dry, Migration real) {
        for (Migration job : List.of(dry.dryRun(), real)) {
            MigrationReport report = job.run();
            assertThat(report.encryptedAnew()).isEqualTo(ROWS);
            assertThat(report.moved()).isZero();
            assertThat(report.clean()).isTrue();
        }
    }

    @Test
    void dryRun_compromisedKey_isRefusedUnlessAllowed() throws Exception {
        fill(false);
        kms.key("orders").compromise(1);
        refusedAlike(orders(kms, at), orders(kms, at), ErrorCode.KMS_KEY_STATE_REFUSED);
        refusedAlike(
                orders(kms, at).allowCompromised(),
                orders(kms, at).allowCompromised(),
                ErrorCode.KMS_OPERATION_REFUSED); // without what they are bound to
        anewAlike(
                orders(kms, at).allowCompromised().associatedData(name -> new byte[0]),
                orders(kms, at)
                        .change(options -> options.toMasterKeys().allowCompromised())
                        .associatedData(name -> new byte[0]));
        assertThat(kms.decrypt(Database.bytes(at, "SELECT card FROM orders WHERE id = 3"))
                        .toText())
                .isEqualTo("card of 3");
    }

    @Test
    void dryRun_directMessages_areEncryptedAnew() throws Exception {
        fill(true);
        refusedAlike(orders(kms, at), orders(kms, at), ErrorCode.KMS_OPERATION_REFUSED);
        anewAlike(
                orders(kms, at).associatedData(name -> new byte[0]),
                orders(kms, at).associatedData(name -> new byte[0]));
    }

    @Test
    void dryRun_filesUnderACompromisedKey_areRefusedUnlessAllowed() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        for (int i = 0; i < ROWS; i++) {
            Files.write(data.resolve("f" + i), kms.encrypt("x").key("orders").toBytes());
        }
        kms.key("orders").rotate();
        kms.key("orders").compromise(1);
        List<Path> paths = List.of(data);
        refusedAlike(Migration.of(kms).files(paths), Migration.of(kms).files(paths), ErrorCode.KMS_KEY_STATE_REFUSED);
        anewAlike(
                Migration.of(kms).files(paths).allowCompromised().associatedData(name -> new byte[0]),
                Migration.of(kms).files(paths).allowCompromised().associatedData(name -> new byte[0]));
    }
}
