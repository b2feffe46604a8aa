package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Keys leave one store and come into another. */
@Timeout(60)
class KeyExportTest {
    private static final byte[] DATA = "attack at dawn".getBytes(StandardCharsets.UTF_8);

    private final FaultyMasterKey here = new FaultyMasterKey("here");
    private final FaultyMasterKey there = new FaultyMasterKey("there");
    private final FaultyMasterKey courier = new FaultyMasterKey("courier");

    @AutoClose
    private final OpenManagers open = new OpenManagers();

    private final List<KmsEvent> events = new CopyOnWriteArrayList<>();

    private KeyManager kms(Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder().listener(events::add);
        more.accept(builder);
        return open.add(builder.build());
    }

    private KeyManager from() {
        return kms(b -> b.masterKey(here.twin()).alsoWrapWith(courier.twin()).store(NamedKeyStore.inMemory()));
    }

    private KeyManager to() {
        return kms(b -> b.masterKey(there.twin()).alsoOpenWith(courier.twin()).store(NamedKeyStore.inMemory()));
    }

    @Test
    void importKey_allVersions_keepIdsStatesAndDatesAndOpenWhatWasSealedBefore() {
        KeyManager from = from();
        NamedKey orders = from.keys().create("orders", KeySpec.AES_256);
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            messages.add(from.encrypt(DATA).key("orders").direct().toBytes());
            messages.add(from.encrypt(DATA).key("orders").toBytes());
            orders.rotate();
        }
        orders.compromise(2);
        orders.destroyNow(3);
        byte[] export = orders.exportTo(courier.uri());

        KeyManager to = to();
        NamedKey imported = to.keys().importKey("orders", export);
        assertThat(imported.versions()).isEqualTo(orders.versions());
        assertThat(imported.spec()).isEqualTo(KeySpec.AES_256);
        assertThat(imported.createdAt()).isEqualTo(orders.createdAt());
        assertThat(imported.masterKey()).isEqualTo(there.uri());
        for (int i : new int[] {0, 1, 6, 7}) {
            assertThat(to.decrypt(messages.get(i)).toBytes()).isEqualTo(DATA);
        }
        for (int i : new int[] {2, 3}) {
            assertThatThrownBy(() -> to.decrypt(messages.get(i)).toBytes()).isInstanceOf(RefusedException.class);
            assertThat(to.decrypt(messages.get(i)).allowCompromised().toBytes()).isEqualTo(DATA);
        }
        for (int i : new int[] {4, 5}) {
            assertThatThrownBy(() -> to.decrypt(messages.get(i)).toBytes())
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED));
        }
        byte[] fresh = to.encrypt(DATA).key("orders").toBytes();
        assertThat(from.decrypt(fresh).toBytes()).isEqualTo(DATA);
        assertThat(changes()).contains("exported orders 0", "imported orders 0");
    }

    private List<String> changes() {
        return events.stream()
                .filter(KmsEvent.KeyChanged.class::isInstance)
                .map(KmsEvent.KeyChanged.class::cast)
                .map(event -> event.change() + " " + event.key() + " " + event.version())
                .toList();
    }

    @Test
    void importKey_oneVersion_isTheFirstOfItsKeyUnderAnyName() {
        KeyManager from = from();
        NamedKey orders = from.keys().create("orders", KeySpec.AES_256);
        byte[] first = from.encrypt(DATA).key("orders").toBytes();
        orders.rotate();
        byte[] second = from.encrypt(DATA).key("orders").toBytes();
        KeyManager to = to();
        NamedKey imported = to.keys().importKey("old-orders", orders.exportTo(courier.uri(), 2));
        assertThat(imported.versions()).singleElement().satisfies(version -> {
            assertThat(version.number()).isEqualTo(1);
            assertThat(version.id()).isEqualTo(orders.versions().get(1).id());
            assertThat(version.state()).isEqualTo(KeyState.ACTIVE);
        });
        assertThat(to.decrypt(second).toBytes()).isEqualTo(DATA);
        assertThatThrownBy(() -> to.decrypt(first).toBytes()).isInstanceOf(NoMatchingRecipientException.class);
        assertThat(imported.rotate().number()).isEqualTo(2);
        assertThatThrownBy(() -> orders.exportTo(courier.uri(), 3)).isInstanceOf(KeyNotFoundException.class);
    }

    @ParameterizedTest
    @EnumSource(
            value = KeySpec.class,
            names = {"HMAC_SHA256", "HMAC_SHA384", "HMAC_SHA512"})
    void importKey_hmac_verifiesWhatWasMadeBefore(KeySpec spec) {
        NamedKey made = from().keys().create("codes", spec);
        byte[] first = made.mac(DATA);
        made.rotate();
        NamedKey imported = to().keys().importKey("codes", made.exportTo(courier.uri()));
        assertThat(imported.verifyMac(DATA, first)).isTrue();
        assertThat(imported.mac(DATA)).isEqualTo(made.mac(DATA));
        byte[] bare;
        try (SecretBytes clear = made.exportInClear(2)) {
            bare = to().keys().importInClear("bare", spec, clear).rawMac(DATA);
        }
        assertThat(bare).isEqualTo(made.rawMac(DATA));
    }

    @Test
    void importInClear_sameBytesInTwoStores_openEachOthersMessages() {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) 7);
        KeyManager from = from();
        KeyManager to = to();
        try (SecretBytes bare = SecretBytes.copyOf(bytes)) {
            from.keys().importInClear("orders", KeySpec.AES_256, bare);
            to.keys().importInClear("invoices", KeySpec.AES_256, bare);
            assertThatThrownBy(() -> to.keys().importInClear("again", KeySpec.AES_256, bare))
                    .isInstanceOf(KeyExistsException.class)
                    .hasMessageContaining("'invoices'");
            assertThatThrownBy(() -> to.keys().importInClear("codes", KeySpec.HMAC_SHA512, bare))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("64 bytes, not 32");
        }
        byte[] message = from.encrypt(DATA).key("orders").direct().toBytes();
        assertThat(to.decrypt(message).toBytes()).isEqualTo(DATA);
        try (SecretBytes back = to.keys().get("invoices").exportInClear(1)) {
            assertThat(back.copy()).isEqualTo(bytes);
        }
        assertThat(changes()).contains("exported-in-clear invoices 1");
    }

    @Test
    void export_isNoMessageAndAMessageIsNoExport() {
        KeyManager from = from();
        NamedKey orders = from.keys().create("orders", KeySpec.AES_256);
        byte[] export = orders.exportTo(courier.uri());
        for (Consumer<byte[]> use : List.<Consumer<byte[]>>of(
                bytes -> from.decrypt(bytes).toBytes(),
                bytes -> from.rewrap(bytes).toBytes(),
                from::needsRewrap,
                KeyManager::inspect)) {
            assertThatThrownBy(() -> use.accept(export))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("reserved name");
        }
        byte[] message = from.encrypt(DATA).masterKey(courier.uri()).toBytes();
        assertThatThrownBy(() -> to().keys().importKey("orders", message))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("This is no export of a key.");
    }

    @Test
    void importKey_changedAnywhereOrCut_isRefusedAndNothingIsStored() {
        byte[] export = from().keys().create("orders", KeySpec.AES_256).exportTo(courier.uri());
        KeyManager to = to();
        for (int i = 0; i < export.length; i += i < 400 ? 1 : 7) {
            byte[] changed = export.clone();
            changed[i] ^= 1;
            assertThatThrownBy(() -> to.keys().importKey("orders", changed))
                    .as("byte %d", i)
                    .isInstanceOf(KmsException.class);
        }
        for (int length = 0; length < export.length; length += 13) {
            byte[] cut = Arrays.copyOf(export, length);
            assertThatThrownBy(() -> to.keys().importKey("orders", cut))
                    .as("cut to %d", length)
                    .isInstanceOfAny(MalformedMessageException.class, AuthenticationFailedException.class);
        }
        byte[] extended = Arrays.copyOf(export, export.length + 1);
        assertThatThrownBy(() -> to.keys().importKey("orders", extended))
                .isInstanceOfAny(MalformedMessageException.class, AuthenticationFailedException.class);
        assertThat(to.keys().list()).isEmpty();
        assertThat(to.keys().importKey("orders", export).versions()).hasSize(1);
    }

    @Test
    void importKey_notOurs_isRefused() {
        byte[] export = from().keys().create("orders", KeySpec.AES_256).exportTo(courier.uri());
        KeyManager stranger = kms(b -> b.masterKey(there.twin()).store(NamedKeyStore.inMemory()));
        assertThatThrownBy(() -> stranger.keys().importKey("orders", export))
                .isInstanceOf(NoMatchingRecipientException.class);
        assertThatThrownBy(() -> from().keys().create("x", KeySpec.AES_256).exportTo("faulty://nobody"))
                .isInstanceOf(ConfigurationException.class);
        KeyManager opensOnly = kms(b -> b.alsoOpenWith(courier.twin()).store(NamedKeyStore.inMemory()));
        assertThatThrownBy(() -> opensOnly.keys().importKey("orders", export))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KMS_OPERATION_REFUSED));
    }

    @Test
    void importKey_nameOrVersionIsThere_isRefused() {
        KeyManager from = from();
        NamedKey orders = from.keys().create("orders", KeySpec.AES_256);
        byte[] export = orders.exportTo(courier.uri());
        assertThatThrownBy(() -> from.keys().importKey("orders", export)).isInstanceOf(KeyExistsException.class);
        assertThatThrownBy(() -> from.keys().importKey("copy", export))
                .isInstanceOf(KeyExistsException.class)
                .hasMessageContaining("version 1 is in the store already, as one of key 'orders'");
        orders.destroyAfter(Duration.ofDays(30));
        for (ThrowingCallable use : List.<ThrowingCallable>of(
                () -> orders.exportTo(courier.uri()),
                () -> orders.exportTo(courier.uri(), 1),
                () -> orders.exportInClear(1))) {
            assertThatThrownBy(use).isInstanceOf(RefusedException.class).hasMessageContaining("destroy");
        }
        orders.destroyNow();
        assertThatThrownBy(() -> from.keys().importKey("orders", export)).isInstanceOf(KeyExistsException.class);
        assertThatThrownBy(() -> from.keys().importKey("copy", export)).isInstanceOf(KeyExistsException.class);
        assertThatThrownBy(() -> orders.exportTo(courier.uri()))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED));
        assertThatThrownBy(() -> orders.exportTo(courier.uri(), 1)).isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> orders.exportInClear(1)).isInstanceOf(RefusedException.class);
    }

    @Test
    void importKey_masterKeyWrapsSomethingElse_isNoticedBeforeAnythingIsStored() {
        byte[] export = from().keys().create("orders", KeySpec.AES_256).exportTo(courier.uri());
        FaultyMasterKey liar = there.twin();
        KeyManager to = kms(b -> b.masterKey(liar).alsoOpenWith(courier.twin()).store(NamedKeyStore.inMemory()));
        to.keys().create("first", KeySpec.AES_256); // so that the store has its own key
        liar.lie(Lie.USELESS_WRAP, Operation.WRAP);
        assertThatThrownBy(() -> to.keys().importKey("orders", export))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("does not unwrap what it wrapped");
        liar.behave();
        assertThat(to.keys().list()).extracting(NamedKey::name).containsExactly("first");
        List<KeyVersion> versions = to.keys().importKey("orders", export).versions();
        assertThat(versions).hasSize(1);
    }
}
