package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamedKeyRingTest {
    private static final WrapBinding BINDING =
            new WrapBinding(WrapBinding.Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final Rig rig = new Rig();
    private final NamedKeyRing ring = rig.ring();

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private static void refused(Throwable thrown, ErrorCode code) {
        assertThat(thrown).isInstanceOf(RefusedException.class);
        assertThat(((KmsException) thrown).code()).isEqualTo(code);
    }

    private static Throwable thrownBy(Runnable call) {
        return catchThrowable(call::run);
    }

    @Test
    void create_newName_hasOneActiveVersion() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);

        assertThat(key.name()).isEqualTo("orders");
        assertThat(key.spec()).isEqualTo(KeySpec.AES_256);
        assertThat(key.state()).isEqualTo(KeyState.ACTIVE);
        assertThat(key.createdAt()).isEqualTo(rig.time.instant());
        assertThat(key.rotatedAt()).isEqualTo(rig.time.instant());
        assertThat(key.masterKey()).isEqualTo("faulty://master");
        assertThat(key.versions()).singleElement().satisfies(version -> {
            assertThat(version.number()).isEqualTo(1);
            assertThat(version.id()).matches("[0-9a-f]{32}");
            assertThat(version.state()).isEqualTo(KeyState.ACTIVE);
            assertThat(version.destroyAt()).isNull();
        });
        assertThat(rig.told).contains(new KmsEvent.KeyChanged(rig.time.instant(), "created", "orders", 0));
        assertThat(rig.changed).containsExactly("orders");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".a", "-a", "a b", "a/b", "ä", "a\n"})
    void create_nameOutsidePattern_throwsIllegalArgument(String name) {
        assertThatThrownBy(() -> ring.create(name, KeySpec.AES_256)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ring.get(name)).isInstanceOf(KeyNotFoundException.class);
        assertThatThrownBy(() -> ring.sealing(name)).isInstanceOf(KeyNotFoundException.class);
        assertThat(rig.store.finds).hasValue(0);
    }

    @Test
    void create_longestName_isFound() {
        String name = "a".repeat(128);
        ring.create(name, KeySpec.AES_256);

        assertThat(rig.ring().get(name).name()).isEqualTo(name);
        assertThatThrownBy(() -> ring.create(name + "a", KeySpec.AES_256)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void create_nameTaken_throwsKeyExists() {
        ring.create("orders", KeySpec.AES_256);

        assertThatThrownBy(() -> ring.create("orders", KeySpec.AES_256))
                .isInstanceOf(KeyExistsException.class)
                .hasMessageContaining("'orders'");
        assertThat(ring.get("orders").versions()).hasSize(1);
    }

    @Test
    void create_tombstoneThere_throwsKeyExists() {
        ring.create("orders", KeySpec.AES_256).destroyNow();

        assertThatThrownBy(() -> ring.create("orders", KeySpec.AES_256))
                .isInstanceOf(KeyExistsException.class)
                .hasMessageContaining("tombstone");
        assertThatThrownBy(() -> ring.createIfAbsent("orders", KeySpec.AES_256)).isInstanceOf(KeyExistsException.class);
    }

    @Test
    void createIfAbsent_sameSpecThere_returnsIt() {
        String id = ring.create("orders", KeySpec.AES_256).versions().get(0).id();

        NamedKey again = rig.ring().createIfAbsent("orders", KeySpec.AES_256);

        assertThat(again.versions())
                .singleElement()
                .satisfies(v -> assertThat(v.id()).isEqualTo(id));
    }

    @Test
    void createIfAbsent_otherSpecThere_throwsKeyExists() {
        ring.create("orders", KeySpec.AES_256);

        assertThatThrownBy(() -> ring.createIfAbsent("orders", KeySpec.HMAC_SHA256))
                .isInstanceOf(KeyExistsException.class)
                .hasMessageContaining("AES_256");
    }

    @Test
    void get_unknownName_throwsKeyNotFoundWithRemedy() {
        assertThatThrownBy(() -> ring.get("orders"))
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("kms key create orders");
    }

    @Test
    void list_severalKeys_sortedWithTombstones() {
        ring.create("b", KeySpec.AES_256);
        ring.create("a", KeySpec.HMAC_SHA512);
        ring.create("c", KeySpec.AES_256).destroyNow();

        assertThat(rig.ring().list()).extracting(NamedKey::name).containsExactly("a", "b", "c");
        assertThat(ring.get("c").state()).isEqualTo(KeyState.DESTROYED);
        assertThat(ring.get("c").masterKey()).isEmpty();
    }

    @Test
    void list_emptyStore_isEmpty() {
        assertThat(ring.list()).isEmpty();
        assertThat(rig.master.calls()).isZero();
    }

    @Test
    void sealing_activeKey_wrapsAndUnwrapsInAnotherRing() {
        ring.create("orders", KeySpec.AES_256);
        HeldVersion here = ring.sealing("orders");
        byte[] wrap = here.wrappingKey().wrap(new byte[32], BINDING);

        HeldVersion there = rig.ring().byId(here.id()).orElseThrow();

        try (SecretBytes opened = there.wrappingKey().unwrap(wrap, here.id(), BINDING)) {
            assertThat(opened.copy()).isEqualTo(new byte[32]);
        }
        assertThat(there.keyName()).isEqualTo("orders");
        assertThat(there.number()).isEqualTo(1);
        assertThat(there.state()).isEqualTo(KeyState.ACTIVE);
        assertThat(there.isNewestSealing()).isTrue();
        assertThat(there.lease().servesUntil() - rig.time.nanoTime()).isEqualTo(Rig.MAX_AGE.toNanos());
    }

    @Test
    void heldVersion_aesKey_checkInManifestIsWrappingKeysCheck() {
        ring.create("orders", KeySpec.AES_256);
        HeldVersion held = ring.sealing("orders");

        long check = ring.present("orders").newest().check();

        assertThat(ByteBuffer.wrap(held.wrappingKey().check()).getLong()).isEqualTo(check);
    }

    @Test
    void sealing_hmacKey_refusedBeforeAnyUnwrap() {
        ring.create("codes", KeySpec.HMAC_SHA256);
        int before = rig.unwraps();

        refused(thrownBy(() -> ring.sealing("codes")), ErrorCode.KMS_OPERATION_REFUSED);

        assertThat(rig.unwraps()).isEqualTo(before);
    }

    @Test
    void sealing_unknownKey_throwsKeyNotFound() {
        assertThatThrownBy(() -> ring.sealing("orders")).isInstanceOf(KeyNotFoundException.class);
    }

    @Test
    void sealing_preActiveKey_refusedNamingTheDate() {
        Instant from = rig.time.instant().plus(Duration.ofHours(1));
        ring.create("orders", KeySpec.AES_256, from);

        Throwable thrown = thrownBy(() -> ring.sealing("orders"));

        refused(thrown, ErrorCode.KMS_KEY_STATE_REFUSED);
        assertThat(thrown).hasMessageContaining(from.toString());
        assertThat(ring.get("orders").state()).isEqualTo(KeyState.PRE_ACTIVE);
        rig.time.advance(Duration.ofHours(1));
        assertThat(ring.sealing("orders").state()).isEqualTo(KeyState.ACTIVE);
        assertThat(ring.get("orders").state()).isEqualTo(KeyState.ACTIVE);
    }

    @Test
    void create_activeFromInThePast_isActiveAtOnce() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, rig.time.instant().minusSeconds(60));

        assertThat(key.state()).isEqualTo(KeyState.ACTIVE);
        assertThat(key.versions().get(0).activeFrom()).isEqualTo(rig.time.instant());
    }

    @Test
    void create_activeFromBetweenMilliseconds_sealsNotBefore() {
        Instant from = rig.time.instant().plusNanos(1_000_001);
        NamedKey key = ring.create("orders", KeySpec.AES_256, from);

        assertThat(key.versions().get(0).activeFrom())
                .isEqualTo(rig.time.instant().plusMillis(2));
    }

    @Test
    void rotate_activeKey_newSealsOldOpensOnly() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        HeldVersion old = ring.sealing("orders");
        rig.changed.clear();
        rig.time.advance(Duration.ofSeconds(5));

        KeyVersion made = key.rotate();

        assertThat(made.number()).isEqualTo(2);
        assertThat(made.state()).isEqualTo(KeyState.ACTIVE);
        assertThat(key.versions()).extracting(KeyVersion::state).containsExactly(KeyState.DEACTIVATED, KeyState.ACTIVE);
        assertThat(key.rotatedAt()).isEqualTo(rig.time.instant());
        assertThat(old.state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(old.isNewestSealing()).isFalse();
        assertThat(ring.sealing("orders").number()).isEqualTo(2);
        assertThat(ring.byId(old.id())).containsSame(old);
        assertThat(rig.changed).containsOnly("orders");
        assertThat(rig.told).contains(new KmsEvent.KeyChanged(rig.time.instant(), "rotated", "orders", 2));
    }

    @Test
    void rotate_activeFromLater_switchesByTheClockWithoutAWrite() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        NamedKeyRing other = rig.ring();
        HeldVersion first = other.sealing("orders");
        Instant from = rig.time.instant().plus(Duration.ofMinutes(1));

        KeyVersion made = key.rotate(from);
        other.poll();

        assertThat(made.state()).isEqualTo(KeyState.PRE_ACTIVE);
        assertThat(other.sealing("orders")).isSameAs(first);
        HeldVersion second = other.byId(HexFormat.of().parseHex(made.id())).orElseThrow();
        assertThat(second.state()).isEqualTo(KeyState.PRE_ACTIVE);
        assertThat(second.isNewestSealing()).isFalse();
        long revision = rig.store.revision();
        rig.changed.clear();

        rig.time.advance(Duration.ofMinutes(1));

        assertThat(other.sealingIfHeld("orders")).containsSame(second);
        assertThat(first.state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(second.state()).isEqualTo(KeyState.ACTIVE);
        assertThat(rig.changed).containsExactly("orders");
        assertThat(ring.sealing("orders").number()).isEqualTo(2);
        assertThat(rig.store.revision()).isEqualTo(revision);
    }

    @Test
    void poll_dateComes_tellsChangedWithoutAWrite() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        HeldVersion first = ring.sealing("orders");
        key.rotate(rig.time.instant().plusSeconds(10));
        ring.poll();
        rig.changed.clear();
        rig.time.advance(Duration.ofSeconds(10));

        ring.poll();

        assertThat(rig.changed).containsExactly("orders");
        assertThat(first.isNewestSealing()).isFalse();
    }

    @Test
    void rotate_afterTheClockSwitched_makesItDurable() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        key.rotate(rig.time.instant().plusSeconds(10));
        rig.time.advance(Duration.ofSeconds(10));

        key.rotate();
        rig.time.setTimeOfDay(Instant.parse("2026-01-01T00:00:00Z"));

        assertThat(rig.ring().get("orders").versions())
                .extracting(KeyVersion::state)
                .containsExactly(KeyState.DEACTIVATED, KeyState.DEACTIVATED, KeyState.ACTIVE);
    }

    @Test
    void rotate_pastDate_throwsIllegalArgument() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        Instant past = rig.time.instant().minusMillis(1);

        assertThatThrownBy(() -> key.rotate(past)).isInstanceOf(IllegalArgumentException.class);
        assertThat(key.versions()).hasSize(1);
    }

    @Test
    void deactivate_scheduledVersion_leavesTheOldOneActive() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        key.rotate(rig.time.instant().plusSeconds(10));

        key.deactivate(2);
        rig.time.advance(Duration.ofSeconds(10));

        assertThat(ring.sealing("orders").number()).isEqualTo(1);
    }

    @Test
    void deactivate_wholeKey_opensOnlyUntilRotated() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        byte[] id = ring.sealing("orders").id();

        key.deactivate();
        key.deactivate();

        Throwable thrown = thrownBy(() -> ring.sealing("orders"));
        refused(thrown, ErrorCode.KMS_KEY_STATE_REFUSED);
        assertThat(thrown).hasMessageContaining("kms key rotate orders");
        assertThat(ring.byId(id).orElseThrow().state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(ring.sealingIfHeld("orders")).isEmpty();
        assertThat(rig.told)
                .filteredOn(
                        e -> e instanceof KmsEvent.KeyChanged c && c.change().equals("deactivated"))
                .hasSize(1);
        assertThat(key.rotate().state()).isEqualTo(KeyState.ACTIVE);
        assertThat(ring.sealing("orders").number()).isEqualTo(2);
    }

    @Test
    void compromise_oneVersion_staysSoWhateverComes() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        key.rotate();

        key.compromise(1);

        assertThat(key.versions()).extracting(KeyVersion::state).containsExactly(KeyState.COMPROMISED, KeyState.ACTIVE);
        refused(thrownBy(() -> key.deactivate(1)), ErrorCode.KMS_KEY_STATE_REFUSED);
        key.compromise();
        assertThat(key.state()).isEqualTo(KeyState.COMPROMISED);
        refused(thrownBy(key::deactivate), ErrorCode.KMS_KEY_STATE_REFUSED);
        refused(thrownBy(() -> ring.sealing("orders")), ErrorCode.KMS_KEY_STATE_REFUSED);
        key.rotate();
        assertThat(key.versions())
                .extracting(KeyVersion::state)
                .containsExactly(KeyState.COMPROMISED, KeyState.COMPROMISED, KeyState.ACTIVE);
    }

    @Test
    void destroyNow_oneVersion_erasesItsRowAndWipesIt() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        HeldVersion first = ring.sealing("orders");
        key.rotate();

        key.destroyNow(1);

        assertThat(rig.store.real.find("orders").orElseThrow().versions())
                .extracting(StoredVersion::number)
                .containsExactly(2);
        assertThat(key.versions().get(0).state()).isEqualTo(KeyState.DESTROYED);
        assertThat(key.versions().get(0).destroyAt()).isEqualTo(rig.time.instant());
        assertThatThrownBy(() -> first.wrappingKey().wrap(new byte[32], BINDING))
                .isInstanceOf(ClosedException.class);
        refused(thrownBy(() -> ring.byId(first.id())), ErrorCode.KMS_KEY_STATE_REFUSED);
        refused(thrownBy(() -> rig.ring().byId(first.id())), ErrorCode.KMS_KEY_STATE_REFUSED);
        assertThat(ring.sealing("orders").number()).isEqualTo(2);
    }

    @Test
    void destroyNow_wholeKey_isFinal() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        key.rotate();
        ring.sealing("orders");

        key.destroyNow();

        assertThat(ring.held()).isZero();
        assertThat(rig.store.real.find("orders").orElseThrow().versions()).isEmpty();
        refused(thrownBy(key::rotate), ErrorCode.KMS_KEY_STATE_REFUSED);
        refused(thrownBy(key::compromise), ErrorCode.KMS_KEY_STATE_REFUSED);
        refused(thrownBy(() -> key.compromise(1)), ErrorCode.KMS_KEY_STATE_REFUSED);
        refused(thrownBy(key::deactivate), ErrorCode.KMS_KEY_STATE_REFUSED);
        refused(thrownBy(() -> ring.sealing("orders")), ErrorCode.KMS_KEY_STATE_REFUSED);
        assertThat(rig.told).contains(new KmsEvent.KeyChanged(rig.time.instant(), "destroyed", "orders", 0));
    }

    @Test
    void changes_versionNotThere_throwKeyNotFound() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);

        assertThatThrownBy(() -> key.destroyNow(2))
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("version 2");
        assertThatThrownBy(() -> key.deactivate(0)).isInstanceOf(IllegalArgumentException.class);
        assertThat(key.state()).isEqualTo(KeyState.ACTIVE);
    }

    @Test
    void decryptOnly_createAndRotate_refusedButStatesChange() {
        ring.create("orders", KeySpec.AES_256);
        NamedKeyRing opener = rig.ring(List.of(), List.of(rig.master));

        refused(thrownBy(() -> opener.create("other", KeySpec.AES_256)), ErrorCode.KMS_OPERATION_REFUSED);
        refused(thrownBy(() -> opener.get("orders").rotate()), ErrorCode.KMS_OPERATION_REFUSED);
        opener.get("orders").deactivate();
        assertThat(ring.get("orders").state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(opener.createIfAbsent("orders", KeySpec.AES_256).name()).isEqualTo("orders");
    }

    @ParameterizedTest
    @EnumSource(value = Lie.class, names = "NULL", mode = EnumSource.Mode.EXCLUDE)
    void create_masterKeyWrapsWrongly_refusesToStore(Lie lie) {
        ring.create("first", KeySpec.AES_256);
        rig.master.lie(lie, Operation.WRAP);

        assertThatThrownBy(() -> ring.create("orders", KeySpec.AES_256)).isInstanceOf(UnavailableException.class);
        assertThat(rig.store.real.names()).containsExactly("first");
    }

    @Test
    void create_oneOfTwoMasterKeysDenies_storesNothing() {
        FaultyMasterKey second = new FaultyMasterKey("second");
        second.fail(
                Operation.WRAP, 1, () -> new PermissionDeniedException("Denied.", "The test said so.", "Allow it."));
        NamedKeyRing both = rig.ring(List.of(rig.master, second), List.of(rig.master, second));

        assertThatThrownBy(() -> both.create("orders", KeySpec.AES_256)).isInstanceOf(PermissionDeniedException.class);
        assertThat(rig.store.real.names()).isEmpty();
        assertThat(rig.store.real.storeKey()).isEmpty();
    }

    @Test
    void sealing_oneOfTwoMasterKeysAwayOrLying_theOtherOpens() {
        FaultyMasterKey second = new FaultyMasterKey("second");
        rig.ring(List.of(rig.master, second), List.of(rig.master, second)).create("orders", KeySpec.AES_256);

        assertThat(rig.ring(List.of(), List.of(second)).sealing("orders").number())
                .isEqualTo(1);
        rig.master.fail(Operation.UNWRAP, 2, Rig::away);
        assertThat(rig.ring(List.of(), List.of(rig.master, second))
                        .sealing("orders")
                        .number())
                .isEqualTo(1);
        rig.master.lie(Lie.WRONG_KEY, Operation.UNWRAP);
        assertThat(rig.ring(List.of(), List.of(rig.master, second))
                        .sealing("orders")
                        .number())
                .isEqualTo(1);
    }

    @Test
    void sealing_onlyMasterKeyGivesWrongMaterial_storeCorrupt() {
        ring.create("orders", KeySpec.AES_256);
        rig.master.lie(Lie.WRONG_KEY, Operation.UNWRAP);

        assertThatThrownBy(() -> ring.sealing("orders"))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("version 1 of key 'orders'");
    }

    @Test
    void sealing_oneAwayAndOneLies_unavailable() {
        FaultyMasterKey second = new FaultyMasterKey("second");
        NamedKeyRing both = rig.ring(List.of(rig.master, second), List.of(rig.master, second));
        both.create("orders", KeySpec.AES_256);
        rig.master.fail(Operation.UNWRAP, 1, Rig::away);
        second.lie(Lie.WRONG_KEY, Operation.UNWRAP);

        assertThatThrownBy(() -> both.sealing("orders")).isInstanceOf(UnavailableException.class);
    }

    @Test
    void sealing_noMasterKeyMatches_saysSo() {
        ring.create("orders", KeySpec.AES_256);
        NamedKeyRing stranger = rig.ring(List.of(), List.of(new FaultyMasterKey("stranger")));

        assertThatThrownBy(() -> stranger.sealing("orders")).isInstanceOf(NoMatchingRecipientException.class);
    }

    @Test
    void byId_otherLengthOrUnknown_isEmpty() {
        ring.create("orders", KeySpec.AES_256);

        assertThat(ring.byId(new byte[15])).isEmpty();
        assertThat(ring.byId(new byte[17])).isEmpty();
        assertThat(ring.byId(new byte[16])).isEmpty();
    }

    @Test
    void byId_hmacKeysVersion_isEmpty() {
        byte[] mac = ring.create("codes", KeySpec.HMAC_SHA256).mac(new byte[1]);
        byte[] id = Arrays.copyOf(mac, 16);

        assertThat(ring.byId(id)).isEmpty();
        assertThat(rig.ring().byId(id)).isEmpty();
    }

    @Test
    void byId_unknownAskedAgain_storeIsAskedOnceASecond() {
        byte[] id = new byte[16];
        ring.byId(id);
        ring.byId(id);
        assertThat(rig.store.looks).hasValue(1);

        rig.time.advance(Duration.ofSeconds(1));
        ring.byId(id);

        assertThat(rig.store.looks).hasValue(2);
    }

    @Test
    void byId_createdSinceTheMiss_foundAfterPoll() {
        NamedKeyRing other = rig.ring();
        String id = ring.create("orders", KeySpec.AES_256).versions().get(0).id();
        byte[] bytes = HexFormat.of().parseHex(id);
        rig.store.rewriteName = name -> Optional.empty();
        assertThat(other.byId(bytes)).isEmpty();
        rig.store.honest();
        assertThat(other.byId(bytes)).isEmpty();

        other.poll();

        assertThat(other.byId(bytes)).isPresent();
    }

    @Test
    void byId_floodOfUnknownIds_boundedAndKnownOnesGoOn() {
        ring.create("orders", KeySpec.AES_256);
        byte[] known = ring.sealing("orders").id();
        int refusals = 0;
        for (int i = 1; i <= UnknownIds.BURST + 500; i++) {
            try {
                assertThat(ring.byId(ByteBuffer.allocate(16).putInt(12, i).array()))
                        .isEmpty();
            } catch (OverloadedException e) {
                refusals++;
            }
        }

        assertThat(refusals).isEqualTo(500);
        assertThat(rig.store.looks).hasValue(UnknownIds.BURST);
        assertThat(ring.byId(known)).isPresent();
        rig.time.advance(Duration.ofSeconds(1));
        for (int i = 0; i < 20; i++) {
            byte[] id = ByteBuffer.allocate(16).putInt(0, 1 + i).array();
            thrownBy(() -> ring.byId(id));
        }
        assertThat(rig.store.looks).hasValue(UnknownIds.BURST + 10);
    }

    @Test
    void close_held_wipedAndRefusesAfter() {
        ring.create("orders", KeySpec.AES_256);
        HeldVersion held = ring.sealing("orders");

        ring.close();

        assertThat(ring.held()).isZero();
        assertThatThrownBy(() -> held.wrappingKey().directRoot()).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> ring.sealing("orders")).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> ring.byId(held.id())).isInstanceOf(ClosedException.class);
        assertThatThrownBy(ring::list).isInstanceOf(ClosedException.class);
        ring.poll();
    }
}
