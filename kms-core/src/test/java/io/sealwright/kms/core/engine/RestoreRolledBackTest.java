package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.RestoreSummary;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A backup is restored over a store in which somebody put rows back as they were before. */
@Timeout(60)
class RestoreRolledBackTest {
    private static final byte[] DATA = "attack at dawn".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private final FaultyMasterKey master = new FaultyMasterKey("master");

    @AutoClose
    private final OpenManagers open = new OpenManagers();

    private final NamedKeyStore store = NamedKeyStore.inMemory();
    private KeyManager kms;
    private Path backup;

    @BeforeEach
    void manager() {
        kms = manage();
        backup = folder.resolve("store.backup");
    }

    private KeyManager manage() {
        return open.add(
                KeyManager.builder().masterKey(master.twin()).store(store).build());
    }

    private void backUp() throws IOException {
        try (OutputStream out = Files.newOutputStream(backup)) {
            kms.keys().backup(out);
        }
    }

    private RestoreSummary restore() throws IOException {
        return kms.keys().restoreOver(backup, folder.resolve("old.backup"));
    }

    private StoredKey row() {
        return store.find("orders").orElseThrow();
    }

    private void putBack(StoredKey row) {
        assertThat(store.replace(List.of(new KeyReplacement(
                        "orders",
                        KeyReplacement.ANY_GENERATION,
                        row.generation(),
                        row.manifest(),
                        row.versions(),
                        List.of(),
                        null))))
                .isTrue();
    }

    private byte[] seal() {
        return kms.encrypt(DATA).key("orders").toBytes();
    }

    private static void opens(KeyManager by, byte[] message) {
        assertThat(by.decrypt(message).toBytes()).isEqualTo(DATA);
    }

    private static void refuses(KeyManager by, byte[] message) {
        assertThatThrownBy(() -> by.decrypt(message).toBytes()).isInstanceOf(RefusedException.class);
    }

    @Test
    void restoreOver_rowFromBeforeADestruction_doesNotBringTheVersionBack() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] first = seal();
        orders.rotate();
        byte[] second = seal();
        backUp();
        StoredKey before = row();
        orders.destroyNow(1);
        refuses(kms, first);
        putBack(before);
        assertThatThrownBy(() -> kms.keys().list())
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("rolled back");

        RestoreSummary done = restore();

        assertThat(done.replaced()).containsExactly("orders");
        for (KeyManager by : List.of(kms, manage())) {
            assertThat(by.key("orders").versions())
                    .extracting(KeyVersion::state)
                    .containsExactly(KeyState.DESTROYED, KeyState.ACTIVE);
            refuses(by, first);
            opens(by, second);
        }
        assertThat(row().versions())
                .as("the material is gone from the store too")
                .hasSize(1);
    }

    @Test
    void restoreOver_rowIsGoneOrDamaged_whatWasSeenToBeEndedStaysSo() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] first = seal();
        orders.rotate();
        byte[] second = seal();
        backUp();
        orders.compromise(1);
        orders.rotateEvery(Duration.ofDays(90));
        StoredKey damaged = row();
        damaged.manifest()[damaged.manifest().length - 1] ^= 1;
        putBack(damaged);

        assertThat(restore().replaced()).containsExactly("orders");

        for (KeyManager by : List.of(kms, manage())) {
            assertThat(by.key("orders").versions())
                    .extracting(KeyVersion::state)
                    .containsExactly(KeyState.COMPROMISED, KeyState.ACTIVE);
            assertThat(by.key("orders").rotateEvery()).isEqualTo(Duration.ofDays(90));
            refuses(by, first);
            opens(by, second);
        }
    }

    @Test
    void restoreOver_rowFromBeforeARotation_losesOnlyWhatIsNowhere() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] first = seal();
        backUp();
        orders.rotate();
        byte[] second = seal();
        StoredKey before = row();
        orders.rotate();
        byte[] third = seal();
        orders.destroyAfter(2, Duration.ofDays(30));
        putBack(before);

        assertThat(restore().replaced()).containsExactly("orders");

        KeyManager fresh = manage();
        assertThat(fresh.key("orders").versions()).hasSize(2);
        assertThat(fresh.key("orders").versions().get(1).destroyAt())
                .as("what was ordered after the row that was put back")
                .isNotNull();
        opens(fresh, first);
        refuses(fresh, second);
        assertThatThrownBy(() -> fresh.decrypt(third).toBytes())
                .as("its material was in the row that was overwritten, and nowhere else")
                .isInstanceOf(io.sealwright.kms.error.NoMatchingRecipientException.class);
    }

    @Test
    void restoreOver_rowIsOlderThanTheBackup_nothingThatTheBackupSaysIsEndedComesBack() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] first = seal();
        orders.rotateEvery(Duration.ofDays(30));
        StoredKey before = row();
        orders.rotateEvery(Duration.ofDays(90));
        orders.rotate();
        byte[] second = seal();
        orders.destroyNow(1);
        backUp();
        putBack(before);
        kms = manage(); // has seen nothing

        RestoreSummary done = restore();

        assertThat(done.restored()).isEqualTo(1);
        assertThat(kms.key("orders").versions())
                .extracting(KeyVersion::state)
                .containsExactly(KeyState.DESTROYED, KeyState.ACTIVE);
        assertThat(kms.key("orders").rotateEvery()).isEqualTo(Duration.ofDays(90));
        refuses(kms, first);
        opens(kms, second);
    }
}
