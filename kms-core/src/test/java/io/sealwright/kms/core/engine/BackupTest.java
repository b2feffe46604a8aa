package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.BackupSummary;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.MasterKeys;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.RestoreSummary;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A store is backed up, and comes back: whole, changed meanwhile, damaged, or another one. */
@Timeout(60)
class BackupTest {
    private static final byte[] DATA = "attack at dawn".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private final FaultyMasterKey master = new FaultyMasterKey("master");

    @AutoClose
    private final OpenManagers open = new OpenManagers();

    private NamedKeyStore store;
    private KeyManager kms;
    private Path file;
    private Path old;

    @BeforeEach
    void manager() {
        store = NamedKeyStore.inMemory();
        kms = on(store);
        file = folder.resolve("store.backup");
        old = folder.resolve("old.backup");
    }

    private KeyManager on(NamedKeyStore at) {
        return open.add(KeyManager.builder().masterKey(master.twin()).store(at).build());
    }

    private BackupSummary backup() throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            return kms.keys().backup(out);
        }
    }

    private static byte[] seal(KeyManager by, String key) {
        return by.encrypt(DATA).key(key).toBytes();
    }

    private static void opens(KeyManager by, byte[]... messages) {
        for (byte[] message : messages) {
            assertThat(by.decrypt(message).toBytes()).isEqualTo(DATA);
        }
    }

    private static long generation(NamedKeyStore at, String key) {
        return at.find(key).orElseThrow().generation();
    }

    @Test
    void restore_intoAnEmptyStore_hasEverything() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] first = seal(kms, "orders");
        orders.rotate();
        byte[] second = seal(kms, "orders");
        orders.rotate();
        orders.destroyNow(2);
        NamedKey codes = kms.keys().create("codes", KeySpec.HMAC_SHA384);
        byte[] code = codes.mac(DATA);
        kms.keys().create("gone", KeySpec.AES_256).destroyNow();
        BackupSummary made = backup();
        assertThat(made.keys()).isEqualTo(3);
        assertThat(made.masterKeys()).containsExactly(master.uri());

        NamedKeyStore other = NamedKeyStore.inMemory();
        KeyManager restored = on(other);
        RestoreSummary done = restored.keys().restore(file);
        assertThat(done).isEqualTo(new RestoreSummary(made.madeAt(), 3, 0, List.of(), List.of(), List.of()));
        assertThat(restored.keys().list()).extracting(NamedKey::name).containsExactly("codes", "gone", "orders");
        assertThat(restored.key("orders").versions()).isEqualTo(orders.versions());
        opens(restored, first, seal(kms, "orders"));
        opens(kms, seal(restored, "orders"));
        assertThatThrownBy(() -> restored.decrypt(second).toBytes()).isInstanceOf(RefusedException.class);
        assertThat(restored.key("codes").verifyMac(DATA, code)).isTrue();
        assertThat(restored.key("gone").state()).isEqualTo(KeyState.DESTROYED);
        assertThatThrownBy(() -> restored.keys().create("gone", KeySpec.AES_256))
                .isInstanceOf(KeyExistsException.class);
        for (String name : other.names()) {
            assertThat(generation(other, name)).isGreaterThan(generation(store, name));
        }
        opens(on(other), first);
    }

    /** The store's own key as well: else all keys would be closed with the master key of before. */
    @Test
    void restore_underAnotherMasterKey_needsTheOneOfBeforeNoMore() throws Exception {
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = seal(kms, "orders");
        backup();
        FaultyMasterKey today = new FaultyMasterKey("today");
        NamedKeyStore restored = NamedKeyStore.inMemory();
        KeyManager moving = KeyManager.builder()
                .masterKey(today.twin())
                .alsoOpenWith(master.twin())
                .store(restored)
                .build();
        open.add(moving);
        moving.keys().restore(file);
        assertThat(moving.masterKeys().examineStored(MasterKeys.Progress.NONE).outdated())
                .isZero();
        KeyManager alone =
                KeyManager.builder().masterKey(today.twin()).store(restored).build();
        open.add(alone);
        opens(alone, message);
    }

    @Test
    void restore_ofAnEmptyStore_isEmpty() throws Exception {
        assertThat(backup().keys()).isZero();
        KeyManager restored = on(NamedKeyStore.inMemory());
        assertThat(restored.keys().restore(file).restored()).isZero();
        assertThat(restored.keys().list()).isEmpty();
    }

    @Test
    void restore_intoAStoreWithKeys_isRefusedAndChangesNothing() throws Exception {
        kms.keys().create("orders", KeySpec.AES_256);
        backup();
        long revision = store.revision();
        assertThatThrownBy(() -> kms.keys().restore(file))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("--force");
        assertThat(store.revision()).isEqualTo(revision);
    }

    @Test
    void restoreOver_changedSince_losesNothingAndBringsNothingBack() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        NamedKey doomed = kms.keys().create("doomed", KeySpec.AES_256);
        NamedKey leaked = kms.keys().create("leaked", KeySpec.AES_256);
        NamedKey stopped = kms.keys().create("stopped", KeySpec.AES_256);
        NamedKey waiting = kms.keys().create("waiting", KeySpec.AES_256);
        waiting.rotateEvery(Duration.ofDays(90));
        byte[] before = seal(kms, "orders");
        byte[] lost = seal(kms, "doomed");
        byte[] known = seal(kms, "leaked");
        backup();
        orders.rotate();
        byte[] after = seal(kms, "orders");
        doomed.destroyNow();
        leaked.compromise();
        stopped.deactivate();
        waiting.destroyAfter(Duration.ofDays(30));
        kms.keys().create("later", KeySpec.AES_256);
        byte[] later = seal(kms, "later");
        List<Long> seen =
                store.names().stream().map(name -> generation(store, name)).toList();

        RestoreSummary done = kms.keys().restoreOver(file, old);
        assertThat(done.restored()).isEqualTo(5);
        assertThat(done.kept()).isEqualTo(1);
        assertThat(done.replaced()).isEmpty();
        for (KeyManager by : List.of(kms, on(store))) {
            opens(by, before, after, later, seal(by, "orders"), seal(by, "stopped"));
            assertThat(by.key("orders").versions())
                    .extracting(KeyVersion::state)
                    .containsExactly(KeyState.DEACTIVATED, KeyState.ACTIVE);
            assertThat(by.key("doomed").state()).isEqualTo(KeyState.DESTROYED);
            assertThatThrownBy(() -> by.decrypt(lost).toBytes()).isInstanceOf(RefusedException.class);
            assertThat(by.key("waiting").destroyAt()).isNotNull().isEqualTo(waiting.destroyAt());
            assertThat(by.key("waiting").rotateEvery()).isEqualTo(Duration.ofDays(90));
            assertThat(by.key("leaked").state()).isEqualTo(KeyState.COMPROMISED);
            assertThatThrownBy(() -> by.decrypt(known).toBytes()).isInstanceOf(RefusedException.class);
        }
        for (String name : List.of("orders", "doomed", "leaked", "stopped", "waiting")) {
            assertThat(generation(store, name)).isGreaterThan(1L << 32);
        }
        assertThat(seen).allMatch(one -> one < 100);

        // What was saved is the store as it was, and is itself a backup.
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(old)))
                .isEqualTo("rw-------");
        KeyManager third = on(NamedKeyStore.inMemory());
        assertThat(third.keys().restore(old).restored()).isEqualTo(6);
        opens(third, before, after, later);
        assertThat(third.key("stopped").state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(third.key("doomed").state()).isEqualTo(KeyState.DESTROYED);
    }

    @Test
    void restoreOver_destructionTakenBackSince_waitsAgainAndIsTakenBackAgain() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = seal(kms, "orders");
        orders.destroyAfter(Duration.ofDays(1));
        backup();
        orders.cancelDestroy();

        Instant before = Instant.now().minusSeconds(1);
        kms.keys().restoreOver(file, old);

        assertThat(orders.destroyAt()).isNotNull().isAfter(before.plus(Duration.ofDays(30)));
        orders.cancelDestroy();
        assertThat(orders.state()).isEqualTo(KeyState.DEACTIVATED);
        opens(kms, message);
    }

    @Test
    void restoreOver_movedToAnotherMasterKeySince_staysThere() throws Exception {
        kms.keys().create("orders", KeySpec.AES_256);
        kms.keys().create("lost", KeySpec.AES_256);
        byte[] message = seal(kms, "orders");
        byte[] lost = seal(kms, "lost");
        backup();
        FaultyMasterKey second = new FaultyMasterKey("second");
        KeyManager moving = open.add(KeyManager.builder()
                .masterKey(second)
                .alsoOpenWith(master.twin())
                .store(store)
                .build());
        moving.masterKeys().rewrapStored(MasterKeys.Progress.NONE);
        damage("lost");

        moving.keys().restoreOver(file, old);

        KeyManager without = open.add(
                KeyManager.builder().masterKey(second.twin()).store(store).build());
        opens(without, message, lost);
    }

    @Test
    void restoreOver_twice_isTheSame() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = seal(kms, "orders");
        backup();
        orders.rotate();
        kms.keys().restoreOver(file, old);
        List<KeyVersion> once = orders.versions();
        long generation = generation(store, "orders");
        assertThatThrownBy(() -> kms.keys().restoreOver(file, old))
                .isInstanceOf(KeyExistsException.class)
                .hasMessageContaining(old.toString());
        kms.keys().restoreOver(file, folder.resolve("old2"));
        assertThat(orders.versions()).isEqualTo(once);
        assertThat(generation(store, "orders")).isGreaterThan(generation);
        opens(on(store), message);
        try (var files = Files.list(folder)) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("store.backup", "old.backup", "old2");
        }
    }

    @Test
    void restoreOver_storeWithAnotherKeyOfItsOwn_wrapsAnewAndKeepsBoth() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] first = seal(kms, "orders");
        orders.rotate();
        byte[] second = seal(kms, "orders");
        kms.keys().create("old-only", KeySpec.AES_256);
        byte[] oldOnly = seal(kms, "old-only");
        kms.keys().create("codes", KeySpec.HMAC_SHA256);
        backup();

        NamedKeyStore other = NamedKeyStore.inMemory();
        KeyManager made = on(other);
        made.keys().create("orders", KeySpec.AES_256);
        byte[] meanwhile = seal(made, "orders");
        made.keys().create("new-only", KeySpec.AES_256);
        byte[] newOnly = seal(made, "new-only");
        made.keys().create("codes", KeySpec.AES_256);
        byte[] replaced = seal(made, "codes");
        RestoreSummary done = made.keys().restoreOver(file, old);
        assertThat(done.restored()).isEqualTo(3);
        assertThat(done.kept()).isEqualTo(1);
        assertThat(done.replaced()).containsExactly("codes");
        for (KeyManager by : List.of(made, on(other))) {
            opens(by, first, second, meanwhile, oldOnly, newOnly, seal(by, "orders"));
            assertThat(by.key("orders").versions())
                    .hasSize(3)
                    .extracting(KeyVersion::number)
                    .containsExactly(1, 2, 3);
            assertThat(by.key("codes").spec()).isEqualTo(KeySpec.HMAC_SHA256);
        }
        KeyManager saved = on(NamedKeyStore.inMemory());
        saved.keys().restore(old);
        opens(saved, replaced);
    }

    @Test
    void restoreOver_damagedRow_isMendedFromTheBackupAndTheOthersStay() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = seal(kms, "orders");
        kms.keys().create("other", KeySpec.AES_256);
        byte[] other = seal(kms, "other");
        backup();
        damage("orders");
        KeyManager fresh = on(store);
        assertThatThrownBy(() -> fresh.decrypt(message).toBytes()).isInstanceOf(KmsException.class);
        assertThatThrownBy(() -> fresh.keys().backup(OutputStream.nullOutputStream()))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("'orders'");
        RestoreSummary done = fresh.keys().restoreOver(file, old);
        assertThat(done.replaced()).containsExactly("orders");
        opens(fresh, message, other, seal(fresh, "orders"));
        assertThat(orders.versions()).hasSize(1);
        assertThat(done.leftOut()).isEmpty();
        assertThat(done.damaged()).isEmpty();
        assertThat(old).exists();
    }

    @Test
    void restoreOver_storeWasDamaged_theSavedCopyIsRestoredWithoutWhatWasDamaged() throws Exception {
        kms.keys().create("damaged", KeySpec.AES_256);
        kms.keys().create("no-list", KeySpec.AES_256);
        backup();
        byte[] lost = seal(kms, "damaged");
        NamedKey later = kms.keys().create("later", KeySpec.AES_256);
        byte[] message = seal(kms, "later");
        later.rotate();
        kms.keys().create("damaged-later", KeySpec.AES_256);
        damage("damaged");
        damage("damaged-later");
        // Its manifest is sound, but what should be its wraps is none: no restore could put them under today's keys.
        StoredKey row = store.find("no-list").orElseThrow();
        assertThat(store.replace(List.of(new KeyReplacement(
                        "no-list",
                        KeyReplacement.ANY_GENERATION,
                        row.generation(),
                        row.manifest(),
                        List.of(new StoredVersion(
                                1,
                                row.versions().get(0).id(),
                                new byte[row.versions().get(0).wraps().length])),
                        List.of(),
                        null))))
                .isTrue();
        KeyManager fresh = on(store);

        RestoreSummary done = fresh.keys().restoreOver(file, old);

        assertThat(done.replaced()).containsExactly("damaged");
        assertThat(done.damaged()).containsExactly("damaged-later");
        assertThat(done.leftOut()).isEmpty();
        opens(fresh, lost, message, seal(fresh, "no-list"));

        // Into another store: what was sound, and nothing else.
        KeyManager other = on(NamedKeyStore.inMemory());
        RestoreSummary again = other.keys().restore(old);
        assertThat(again.restored()).isEqualTo(1);
        assertThat(again.leftOut()).containsExactlyInAnyOrder("damaged", "damaged-later", "no-list");
        assertThat(other.keys().list()).extracting(NamedKey::name).containsExactly("later");
        opens(other, message);

        // Over the mended store: what was mended stays so.
        RestoreSummary back = fresh.keys().restoreOver(old, folder.resolve("old2"));
        assertThat(back.restored()).isEqualTo(1);
        assertThat(back.leftOut()).hasSize(3);
        opens(fresh, lost, message);
    }

    @Test
    void restoreOver_recordOfTheOwnKeyIsDamaged_isRefusedAndLeavesNoCopy() throws Exception {
        kms.keys().create("orders", KeySpec.AES_256);
        backup();
        byte[] record = store.storeKey().orElseThrow();
        assertThat(store.replaceStoreKey(record, new byte[record.length])).isTrue();
        KeyManager fresh = on(store);
        assertThatThrownBy(() -> fresh.keys().restoreOver(file, old))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("the store's own key");
        assertThat(old).doesNotExist();
    }

    private void damage(String name) {
        StoredKey row = store.find(name).orElseThrow();
        byte[] manifest = row.manifest();
        manifest[manifest.length - 1] ^= 1;
        assertThat(store.apply(new KeyChange(
                        name, row.generation(), row.generation() + 1, manifest, List.of(), List.of(), null)))
                .isTrue();
    }

    @Test
    void restore_changedAnywhereOrCut_isRefusedBeforeAnythingIsWritten() throws Exception {
        for (int i = 0; i < 40; i++) {
            kms.keys().create("key-" + i, KeySpec.AES_256);
        }
        backup();
        byte[] whole = Files.readAllBytes(file);
        assertThat(whole.length).isLessThan(16_384);
        NamedKeyStore other = NamedKeyStore.inMemory();
        KeyManager restored = on(other);
        for (int i = 0; i < whole.length; i += i < 400 ? 1 : 97) {
            byte[] changed = whole.clone();
            changed[i] ^= 1;
            Files.write(file, changed);
            assertThatThrownBy(() -> restored.keys().restore(file))
                    .as("byte %d", i)
                    .isInstanceOf(KmsException.class);
        }
        for (int length = 0; length < whole.length; length += 61) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> restored.keys().restore(file))
                    .as("cut to %d", length)
                    .isInstanceOfAny(MalformedMessageException.class, AuthenticationFailedException.class);
        }
        assertThat(other.storeKey()).isEmpty();
        assertThat(other.names()).isEmpty();
        Files.write(file, whole);
        assertThat(restored.keys().restore(file).restored()).isEqualTo(40);
    }

    @Test
    void restore_notABackupOrNotForUs_saysSo() throws Exception {
        NamedKey orders = kms.keys().create("orders", KeySpec.AES_256);
        backup();
        byte[] made = Files.readAllBytes(file);
        KeyManager restored = on(NamedKeyStore.inMemory());
        Files.write(file, kms.encrypt(DATA).toBytes());
        assertThatThrownBy(() -> restored.keys().restore(file))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("This is no backup of a store. It is a message");
        Files.write(file, orders.exportTo(master.uri()));
        assertThatThrownBy(() -> restored.keys().restore(file))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("It holds something else");
        assertThatThrownBy(() -> restored.keys().importKey("x", made))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("no export of a key");
        assertThatThrownBy(() -> restored.decrypt(made).toBytes()).isInstanceOf(MalformedMessageException.class);
        Files.write(file, made);
        KeyManager stranger = open.add(KeyManager.builder()
                .masterKey(new FaultyMasterKey("stranger"))
                .store(NamedKeyStore.inMemory())
                .build());
        assertThatThrownBy(() -> stranger.keys().restore(file)).isInstanceOf(NoMatchingRecipientException.class);
    }

    @Test
    void backup_targetFails_isToldAsItIs() {
        kms.keys().create("orders", KeySpec.AES_256);
        IOException full = new IOException("No space left on device");
        assertThatThrownBy(() -> kms.keys().backup(new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw full;
                    }
                }))
                .isSameAs(full);
        assertThat(store.names()).containsExactly("orders");
    }

    @Test
    void backup_header_namesTheMasterKeysReadably() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        kms.keys().backup(out);
        assertThat(out.toString(StandardCharsets.ISO_8859_1))
                .contains("sealwright:content")
                .contains("sealwright:master-keys")
                .contains(master.uri());
    }
}
