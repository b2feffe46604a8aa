package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.RestoreSummary;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.testbed.ChildJvm;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An older backup is restored while another process works with the store. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class RestoreIT {
    /** What is promised: within so long a process has seen a restore. */
    private static final long SEEN_NANOS = TimeUnit.SECONDS.toNanos(5);

    @TempDir
    Path home;

    private String url = "";
    private KeyManager kms;
    private ChildJvm running;
    private Path backup;
    private Path old;

    @BeforeEach
    void paths() {
        backup = home.resolve("store.backup");
        old = home.resolve("old.backup");
    }

    @AfterEach
    void end() {
        if (running != null) {
            running.close();
        }
        if (kms != null) {
            kms.close();
        }
    }

    private void begin(StoreKind kind, String... keys) throws Exception {
        url = kind.fresh(home);
        kms = StoreKind.manager(home, url);
        for (String key : keys) {
            kms.keys().create(key, KeySpec.AES_256);
        }
        running = new ChildJvm(RestoreChild.class, home.toString(), url);
        assertThat(running.line()).isEqualTo("ready");
    }

    private void backUp() throws Exception {
        try (OutputStream out = Files.newOutputStream(backup)) {
            kms.keys().backup(out);
        }
    }

    private String ask(String question) throws Exception {
        running.tell(question);
        return running.line();
    }

    private String seal(String key) throws Exception {
        String answer = ask("seal " + key);
        assertThat(answer).startsWith("sealed ");
        return answer.substring("sealed ".length());
    }

    /** Asks again and again until the answer begins so; no longer than promised. */
    private void within(String question, String beginning) throws Exception {
        long begun = System.nanoTime();
        String answer = ask(question);
        while (!answer.startsWith(beginning)) {
            assertThat(System.nanoTime() - begun).as("%s: %s", question, answer).isLessThan(SEEN_NANOS);
            TimeUnit.MILLISECONDS.sleep(50);
            answer = ask(question);
        }
    }

    @ParameterizedTest
    @EnumSource
    void restore_olderBackup_destroyedKeysStayDestroyed(StoreKind kind) throws Exception {
        begin(kind, "doomed", "waiting");
        String token = seal("doomed");
        String other = seal("waiting");
        backUp();
        kms.key("doomed").destroyNow();
        kms.key("waiting").destroyAfter(NamedKey.DEFAULT_DESTROY_WAIT);
        within("open " + token, "failed KMS_KEY_STATE_REFUSED");
        RestoreSummary done = kms.keys().restoreOver(backup, old);
        assertThat(done.restored()).isEqualTo(2);
        long until = System.nanoTime() + SEEN_NANOS;
        while (System.nanoTime() < until) {
            assertThat(ask("open " + token)).startsWith("failed KMS_KEY_STATE_REFUSED");
            assertThat(ask("seal doomed")).startsWith("failed KMS_KEY_STATE_REFUSED");
            TimeUnit.MILLISECONDS.sleep(200);
        }
        within("open " + other, "failed KMS_KEY_STATE_REFUSED");
        try (ChildJvm fresh = new ChildJvm(RestoreChild.class, home.toString(), url)) {
            assertThat(fresh.line()).isEqualTo("ready");
            fresh.tell("open " + token);
            assertThat(fresh.line()).startsWith("failed KMS_KEY_STATE_REFUSED");
            fresh.tell("show doomed");
            assertThat(fresh.line()).isEqualTo("state " + KeyState.DESTROYED);
        }
    }

    @ParameterizedTest
    @EnumSource
    void restore_olderBackup_runningProcessesDropWhatTheyHold(StoreKind kind) throws Exception {
        begin(kind, "orders", "stopped");
        String before = seal("orders");
        seal("stopped");
        backUp();
        kms.key("orders").rotate();
        kms.key("stopped").deactivate();
        within("seal stopped", "failed KMS_KEY_STATE_REFUSED");
        String after = seal("orders");
        assertThat(ask("open " + before)).isEqualTo("opened");
        assertThat(ask("held")).isNotEqualTo("held 0");
        kms.keys().restoreOver(backup, old);
        // Without any use: nothing it held of the keys that were written is there any more.
        within("held", "held 0");
        assertThat(ask("open " + before)).isEqualTo("opened");
        assertThat(ask("open " + after)).isEqualTo("opened");
        within("seal stopped", "sealed ");
        assertThat(kms.decrypt(seal("orders")).toText()).isEqualTo(RestoreChild.TEXT);
    }

    @ParameterizedTest
    @EnumSource
    void restore_thenRowsOfBefore_aRolledBackManifestIsRefused(StoreKind kind) throws Exception {
        begin(kind, "orders");
        backUp();
        kms.key("orders").rotate();
        seal("orders");
        try (NamedKeyStore store = StoreKind.open(url)) {
            StoredKey past = store.find("orders").orElseThrow();
            kms.keys().restoreOver(backup, old);
            within("held", "held 0");
            assertThat(ask("show orders")).isEqualTo("state ACTIVE");
            long restored = store.find("orders").orElseThrow().generation();
            assertThat(restored).isGreaterThan(past.generation());
            // Somebody with access to the database puts the rows back as they were before the restore.
            assertThat(store.replace(List.of(new KeyReplacement(
                            "orders",
                            restored,
                            // the store itself would take it for a change, so that only the manifest tells
                            restored + 1,
                            past.manifest(),
                            past.versions(),
                            List.of(),
                            null))))
                    .isTrue();
            assertThat(ask("show orders")).startsWith("failed KMS_STORE_CORRUPT");
            assertThat(store.replace(List.of(new KeyReplacement(
                            "orders",
                            KeyReplacement.ANY_GENERATION,
                            past.generation(),
                            past.manifest(),
                            past.versions(),
                            List.of(),
                            null))))
                    .isTrue();
            assertThat(ask("show orders")).contains("KMS_STORE_CORRUPT").contains("It was rolled back");
            // Until a restore: then the process goes on by itself.
            try (KeyManager fresh = StoreKind.manager(home, url)) {
                fresh.keys().restoreOver(old, home.resolve("older.backup"));
            }
            within("show orders", "state ACTIVE");
            within("seal orders", "sealed ");
        }
    }

    @Test
    void restore_fromSqlite_intoPostgresql_isTheWayToMigrate() throws Exception {
        begin(StoreKind.SQLITE, "orders", "doomed");
        String token = seal("orders");
        kms.key("orders").rotate();
        String direct = kms.encrypt(RestoreChild.TEXT).key("orders").direct().toToken();
        kms.key("doomed").destroyNow();
        backUp();
        running.close();
        String from = url;
        url = StoreKind.POSTGRESQL.fresh(home);
        assertThat(url).isNotEqualTo(from);
        try (KeyManager moved = StoreKind.manager(home, url)) {
            assertThat(moved.keys().restore(backup).restored()).isEqualTo(2);
            assertThat(moved.key("orders").versions())
                    .isEqualTo(kms.key("orders").versions());
        }
        running = new ChildJvm(RestoreChild.class, home.toString(), url);
        assertThat(running.line()).isEqualTo("ready");
        assertThat(ask("open " + token)).isEqualTo("opened");
        assertThat(ask("open " + direct)).isEqualTo("opened");
        assertThat(ask("show doomed")).isEqualTo("state DESTROYED");
        assertThat(kms.decrypt(seal("orders")).toText()).isEqualTo(RestoreChild.TEXT);
    }
}
