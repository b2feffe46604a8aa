package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.migrate.MigrationReport.KeyCount;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/MOVING.md, step by step. */
class MovingPageTest {
    private static final String ENV = "env://MASTER_ENCRYPTION_KEY";

    @TempDir
    Path folder;

    private final FaultyMasterKey kmsKey = new FaultyMasterKey("app", RecipientKind.VAULT_TRANSIT);
    private final Variables variables =
            Variables.of(Map.of("MASTER_ENCRYPTION_KEY", Base64.getEncoder().encodeToString(OldSystem.key(32))));

    private KeyManager sealsWithOld() {
        return KeyManager.builder()
                .fromEnvironment(variables, name -> null)
                .masterKey(ENV)
                .alsoOpenWith(kmsKey.twin())
                .build();
    }

    private KeyManager sealsWithNew() {
        return KeyManager.builder()
                .fromEnvironment(variables, name -> null)
                .masterKey(kmsKey.twin())
                .alsoOpenWith(ENV)
                .build();
    }

    @Test
    void fromAVariableToAKms_stepByStep() throws Exception {
        DataSource dataSource = Database.SQLITE.fresh(folder);
        Database.run(dataSource, "CREATE TABLE orders (id integer PRIMARY KEY, card BLOB)");
        // Before: one process, which knows the variable alone.
        try (KeyManager before = KeyManager.builder()
                .fromEnvironment(variables, name -> null)
                .masterKey(ENV)
                .build()) {
            insert(dataSource, before, 1);
        }
        try (KeyManager one = sealsWithOld();
                KeyManager two = sealsWithNew()) {
            // 1 and 2: processes of both kinds run at once, and read each other's rows.
            insert(dataSource, one, 2);
            insert(dataSource, two, 3);
            for (KeyManager each : List.of(one, two)) {
                for (int id = 1; id <= 3; id++) {
                    assertThat(opened(dataSource, each, id)).isEqualTo("card " + id);
                }
            }
            // 3
            MigrationReport dry = Migration.of(two)
                    .column(dataSource, "orders", "id", "card")
                    .dryRun()
                    .run();
            assertThat(dry.moved()).isEqualTo(2);
            assertThat(dry.already()).isEqualTo(1);
            // 4, while somebody has not heard of step 2 yet: the second look says so, and what to retire is not told.
            MigrationReport early = Migration.of(two)
                    .column(dataSource, "orders", "id", "card")
                    .batch(1)
                    .progress(now -> {
                        if (now.read() == 3 && now.moved() == 2) {
                            late(dataSource, one);
                        }
                    })
                    .run();
            assertThat(early.complete()).isTrue();
            assertThat(early.leftAfter()).isEqualTo(1);
            assertThat(early.clean()).isFalse();
            assertThat(early.retirable()).isEmpty();
        }
        try (KeyManager kms = sealsWithNew()) {
            MigrationReport report = Migration.of(kms)
                    .column(dataSource, "orders", "id", "card")
                    .checkpoint(folder.resolve("orders.checkpoint"))
                    .run();
            // 5
            assertThat(report.clean()).isTrue();
            assertThat(report.retirable()).extracting(KeyCount::key).containsExactly(ENV);
        }
        try (KeyManager after = KeyManager.builder().masterKey(kmsKey.twin()).build()) {
            for (int id = 0; id <= 3; id++) {
                assertThat(opened(dataSource, after, id)).isEqualTo("card " + id);
            }
        }
    }

    /** Once: a row before all others, which the job has passed. */
    private static void late(DataSource dataSource, KeyManager old) {
        try {
            if (Database.column(dataSource, "SELECT id FROM orders WHERE id = 0")
                    .isEmpty()) {
                insert(dataSource, old, 0);
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void insert(DataSource at, KeyManager kms, int id) throws Exception {
        byte[] message = kms.encrypt("card " + id).toBytes();
        Database.update(at, "INSERT INTO orders VALUES (?, ?)", id, message);
    }

    private static String opened(DataSource at, KeyManager kms, int id) throws Exception {
        return kms.decrypt(Database.bytes(at, "SELECT card FROM orders WHERE id = " + id))
                .toText();
    }

    @Test
    void oneMessage_asThePageSays() {
        FaultyMasterKey other = new FaultyMasterKey("other");
        byte[] message;
        try (KeyManager old = sealsWithOld()) {
            message = old.encrypt("hello").toBytes();
        }
        try (KeyManager kms = KeyManager.builder()
                .fromEnvironment(variables, name -> null)
                .masterKey(kmsKey.twin())
                .alsoWrapWith(other)
                .alsoOpenWith(ENV)
                .build()) {
            byte[] moved = kms.rewrap(message).toMasterKeys().toBytes();
            List<RecipientKey> under = kms.recipients(moved);
            assertThat(under)
                    .containsExactly(
                            new RecipientKey(Kind.MASTER_KEY, kmsKey.uri(), "1", true),
                            new RecipientKey(Kind.MASTER_KEY, other.uri(), "1", true));
            byte[] both = kms.rewrap(message).add(other.uri()).toBytes();
            byte[] one = kms.rewrap(both).remove(ENV).toBytes();
            byte[] another = kms.rewrap(one).replace(other.uri(), kmsKey.uri()).toBytes();
            assertThat(kms.recipients(another)).extracting(RecipientKey::key).containsExactly(kmsKey.uri());
            assertThat(kms.decrypt(another).toText()).isEqualTo("hello");
        }
    }
}
