package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.StoredVersion;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Destruction after a waiting period, and taking it back. */
class NamedKeyDestroyTest {
    private static final Duration MONTH = NamedKey.DEFAULT_DESTROY_WAIT;

    private final Rig rig = new Rig();
    private final NamedKeyRing ring = rig.ring();
    private final NamedKey key = ring.create("orders", KeySpec.AES_256);

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private static void refused(String why, ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);
        assertThat(thrown).isInstanceOf(RefusedException.class).hasMessageContaining(why);
        assertThat(((RefusedException) thrown).code()).isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED);
    }

    private List<Integer> stored() {
        return rig.store.real.find("orders").orElseThrow().versions().stream()
                .map(StoredVersion::number)
                .toList();
    }

    @Test
    void destroyAfter_wholeKey_neitherSealsNorOpensFromNowOn() {
        HeldVersion held = ring.sealing("orders");
        rig.changed.clear();
        Instant at = rig.time.instant().plus(MONTH);

        key.destroyAfter(MONTH);

        assertThat(key.state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(key.destroyAt()).isEqualTo(at);
        assertThat(key.versions())
                .singleElement()
                .extracting(KeyVersion::destroyAt)
                .isEqualTo(at);
        refused("to be destroyed at " + at, () -> ring.sealing("orders"));
        refused("cancel-destroy orders", () -> ring.byId(held.id()));
        refused("to be destroyed at " + at, () -> rig.ring().byId(held.id()));
        assertThat(held.opensForAll()).isFalse();
        assertThat(held.destroyAt()).isEqualTo(at);
        assertThat(ring.held()).isZero();
        assertThatThrownBy(() -> held.wrappingKey().directRoot()).isInstanceOf(ClosedException.class);
        assertThat(stored()).containsExactly(1);
        assertThat(rig.changed).containsOnly("orders");
        assertThat(rig.told)
                .contains(new KmsEvent.KeyChanged(rig.time.instant(), "destruction-scheduled", "orders", 0));
    }

    @Test
    void destroyAfter_elsewhere_seenByPoll() {
        NamedKeyRing other = rig.ring();
        HeldVersion held = other.sealing("orders");
        key.destroyAfter(MONTH);

        other.poll();

        assertThat(held.opensForAll()).isFalse();
        assertThat(other.held()).isZero();
        refused("to be destroyed", () -> other.byId(held.id()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-24H", "PT23H59M59.999999999S", "P365DT0.000000001S", "PT2562047788015215H"})
    void destroyAfter_waitOutOfBounds_throwsIllegalArgument(Duration wait) {
        assertThatThrownBy(() -> key.destroyAfter(wait))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 365 days");
        assertThat(key.destroyAt()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 365})
    void doDueWork_waitIsOver_erasesNotBefore(int days) {
        HeldVersion held = ring.sealing("orders");
        key.destroyAfter(Duration.ofDays(days));
        rig.time.advance(Duration.ofDays(days).minusMillis(1));
        assertThat(ring.doDueWork()).isZero();
        assertThat(stored()).containsExactly(1);

        rig.time.advance(Duration.ofMillis(1));
        assertThat(ring.doDueWork()).isEqualTo(1);

        assertThat(stored()).isEmpty();
        assertThat(key.state()).isEqualTo(KeyState.DESTROYED);
        assertThat(key.destroyAt()).isEqualTo(rig.time.instant());
        refused("its material is gone", () -> ring.byId(held.id()));
        refused("None waits", () -> key.cancelDestroy(1));
        assertThat(ring.list()).as("the tombstone").hasSize(1);
        assertThat(rig.told).contains(new KmsEvent.KeyChanged(rig.time.instant(), "destroyed", "orders", 0));
        assertThat(ring.doDueWork()).isZero();
    }

    @Test
    void doDueWork_waitIsLongOver_untilThenItOpensNothingAndCanBeTakenBack() {
        HeldVersion held = ring.sealing("orders");
        key.destroyAfter(MONTH);
        rig.time.advance(MONTH.multipliedBy(3)); // nobody was there to do it
        refused("to be destroyed", () -> ring.byId(held.id()));

        key.cancelDestroy();

        assertThat(ring.doDueWork()).isZero();
        assertThat(ring.byId(held.id())).isPresent();
    }

    @Test
    void doDueWork_versionsWithDatesApart_eachAtItsTime() {
        key.rotate();
        key.rotate();
        key.destroyAfter(1, Duration.ofDays(1));
        key.destroyAfter(2, Duration.ofDays(2));
        assertThat(key.destroyAt()).as("version 3 is to stay").isNull();

        rig.time.advance(Duration.ofDays(1));
        assertThat(ring.doDueWork()).isEqualTo(1);
        assertThat(stored()).containsExactly(2, 3);
        assertThat(rig.told).contains(new KmsEvent.KeyChanged(rig.time.instant(), "destroyed", "orders", 1));
        rig.time.advance(Duration.ofDays(1));
        assertThat(ring.doDueWork()).isEqualTo(1);
        assertThat(stored()).containsExactly(3);
        assertThat(ring.sealing("orders").number()).isEqualTo(3);
    }

    @Test
    void doDueWork_severalVersionsDueAtOnce_allErased() {
        key.rotate();
        key.rotate();
        key.destroyAfter(1, Duration.ofDays(1));
        key.destroyAfter(2, Duration.ofDays(2));
        rig.time.advance(Duration.ofDays(5));

        assertThat(ring.doDueWork()).isEqualTo(2);

        assertThat(stored()).containsExactly(3);
    }

    @Test
    void doDueWork_byAManagerThatOnlyOpens_erases() {
        key.destroyAfter(Duration.ofDays(1));
        NamedKeyRing opener = rig.ring(List.of(), List.of(rig.master));
        rig.time.advance(Duration.ofDays(1));

        assertThat(opener.doDueWork()).isEqualTo(1);

        assertThat(stored()).isEmpty();
    }

    @Test
    void destroyAfter_again_refusedAndKeepsTheDate() {
        key.destroyAfter(MONTH);
        Instant at = key.destroyAt();
        rig.time.advance(Duration.ofDays(1));

        refused("It is to be destroyed at " + at, () -> key.destroyAfter(Duration.ofDays(1)));
        refused("It is to be destroyed at " + at, () -> key.destroyAfter(1, Duration.ofDays(1)));

        assertThat(key.destroyAt()).isEqualTo(at);
    }

    @Test
    void destroyAfter_wholeKeyAfterOneVersion_theOthersGetTheirs() {
        key.rotate();
        key.destroyAfter(1, Duration.ofDays(2));
        Instant first = key.versions().get(0).destroyAt();

        key.destroyAfter(MONTH);

        assertThat(key.versions())
                .extracting(KeyVersion::destroyAt)
                .containsExactly(first, rig.time.instant().plus(MONTH));
        assertThat(key.destroyAt()).isEqualTo(rig.time.instant().plus(MONTH));
    }

    @Test
    void destroyAfter_destroyedOrUnknownVersion_refused() {
        key.rotate();
        key.destroyNow(1);
        refused("cannot become destroyed", () -> key.destroyAfter(1, MONTH));
        assertThatThrownBy(() -> key.destroyAfter(3, MONTH)).isInstanceOf(KeyNotFoundException.class);
        assertThatThrownBy(() -> key.cancelDestroy(3)).isInstanceOf(KeyNotFoundException.class);
        assertThatThrownBy(() -> key.destroyAfter(0, MONTH)).isInstanceOf(IllegalArgumentException.class);
        key.destroyNow();
        refused("cannot become destroyed", () -> key.destroyAfter(MONTH));
        refused("None waits", key::cancelDestroy);
    }

    @Test
    void cancelDestroy_waiting_opensAgainAndSealsAfterARotation() {
        HeldVersion held = ring.sealing("orders");
        NamedKeyRing other = rig.ring();
        key.destroyAfter(MONTH);
        refused("to be destroyed", () -> other.byId(held.id()));

        key.cancelDestroy();
        other.poll();

        assertThat(key.destroyAt()).isNull();
        assertThat(key.state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(ring.byId(held.id()).orElseThrow().opensForAll()).isTrue();
        assertThat(other.byId(held.id())).isPresent();
        refused("does not seal", () -> ring.sealing("orders"));
        key.rotate();
        assertThat(ring.sealing("orders").number()).isEqualTo(2);
        rig.time.advance(MONTH.multipliedBy(2));
        assertThat(ring.doDueWork()).isZero();
        assertThat(rig.told)
                .filteredOn(event -> event instanceof KmsEvent.KeyChanged change
                        && change.change().equals("destruction-cancelled"))
                .hasSize(1);
    }

    @Test
    void cancelDestroy_oneVersion_theOtherStillWaits() {
        key.rotate();
        key.destroyAfter(MONTH);

        key.cancelDestroy(1);

        assertThat(key.versions().get(0).destroyAt()).isNull();
        assertThat(key.versions().get(1).destroyAt()).isNotNull();
        refused("None waits", () -> key.cancelDestroy(1));
        rig.time.advance(MONTH);
        assertThat(ring.doDueWork()).isEqualTo(1);
        assertThat(stored()).containsExactly(1);
    }

    @Test
    void cancelDestroy_compromisedMeanwhile_staysCompromised() {
        HeldVersion held = ring.sealing("orders");
        key.destroyAfter(MONTH);

        key.compromise();

        assertThat(key.state()).isEqualTo(KeyState.COMPROMISED);
        assertThat(key.destroyAt()).isNotNull();
        refused("to be destroyed", () -> ring.byId(held.id()));
        key.cancelDestroy();
        assertThat(ring.byId(held.id()).orElseThrow().state()).isEqualTo(KeyState.COMPROMISED);
    }

    @Test
    void destroyAfter_compromised_staysSo() {
        key.compromise();
        key.destroyAfter(MONTH);
        assertThat(key.state()).isEqualTo(KeyState.COMPROMISED);
        key.cancelDestroy();
        assertThat(key.state()).isEqualTo(KeyState.COMPROMISED);
    }

    @Test
    void destroyAfter_versionThatWasToSealLater_neverSeals() {
        key.rotate(rig.time.instant().plus(Duration.ofDays(1)));
        HeldVersion first = ring.sealing("orders");

        key.destroyAfter(2, MONTH);
        rig.time.advance(Duration.ofDays(2));

        assertThat(key.versions()).extracting(KeyVersion::state).containsExactly(KeyState.ACTIVE, KeyState.DEACTIVATED);
        assertThat(ring.sealing("orders").number()).isEqualTo(first.number());
    }

    @Test
    void rotate_wholeKeyWaits_refusedButNotForOneVersion() {
        key.destroyAfter(MONTH);
        refused("cancel-destroy orders", key::rotate);
        key.cancelDestroy();
        key.rotate();
        key.destroyAfter(1, MONTH);
        assertThatCode(key::rotate).doesNotThrowAnyException();
    }

    @Test
    void destroyNow_waiting_erasesAtOnce() {
        key.destroyAfter(MONTH);
        key.destroyNow();
        assertThat(stored()).isEmpty();
        assertThat(key.destroyAt()).isEqualTo(rig.time.instant());
    }

    @Test
    void verifyMac_versionWaits_refused() {
        NamedKey codes = ring.create("codes", KeySpec.HMAC_SHA256);
        byte[] data = "data".getBytes(StandardCharsets.UTF_8);
        byte[] mac = codes.mac(data);
        codes.destroyAfter(MONTH);

        refused("to be destroyed", () -> codes.verifyMac(data, mac));
        refused("does not seal", () -> codes.mac(data));
        codes.cancelDestroy();
        assertThat(codes.verifyMac(data, mac)).isTrue();
    }
}
