package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rotation by schedule, and who does due work when. */
class NamedKeyScheduleTest {
    private static final Duration QUARTER = Duration.ofDays(90);
    private static final KeyOptions QUARTERLY = KeyOptions.none().withRotateEvery(QUARTER);

    private final Rig rig = new Rig();
    private final NamedKeyRing ring = rig.ring();

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private static int versions(NamedKey key) {
        return key.versions().size();
    }

    private List<KmsEvent.DueWorkFailed> failures() {
        return rig.told.stream()
                .filter(KmsEvent.DueWorkFailed.class::isInstance)
                .map(KmsEvent.DueWorkFailed.class::cast)
                .toList();
    }

    @Test
    void create_rotateEvery_rotatedWhenDueNotBefore() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        Instant due = rig.time.instant().plus(QUARTER);
        assertThat(key.rotateEvery()).isEqualTo(QUARTER);
        assertThat(key.nextRotationAt()).isEqualTo(due);
        rig.time.advance(QUARTER.minusMillis(1));
        assertThat(ring.doDueWork()).isZero();

        rig.time.advance(Duration.ofMillis(1));
        assertThat(ring.doDueWork()).isEqualTo(1);

        assertThat(key.versions()).extracting(KeyVersion::state).containsExactly(KeyState.DEACTIVATED, KeyState.ACTIVE);
        assertThat(key.nextRotationAt()).isEqualTo(due.plus(QUARTER));
        assertThat(rig.told).contains(new KmsEvent.KeyChanged(due, "rotated", "orders", 2));
        assertThat(ring.doDueWork()).isZero();
    }

    @Test
    void doDueWork_severalTimesMissed_oneRotation() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        rig.time.advance(QUARTER.multipliedBy(5).plusDays(3));

        assertThat(ring.doDueWork()).isEqualTo(1);
        assertThat(ring.doDueWork()).isZero();

        assertThat(versions(key)).isEqualTo(2);
        assertThat(key.nextRotationAt()).isEqualTo(rig.time.instant().plus(QUARTER));
    }

    @Test
    void rotate_byHand_startsThePeriodAnew() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        rig.time.advance(QUARTER.dividedBy(2));
        key.rotate();
        assertThat(key.nextRotationAt()).isEqualTo(rig.time.instant().plus(QUARTER));
        rig.time.advance(QUARTER.dividedBy(2));
        assertThat(ring.doDueWork()).isZero();
    }

    @Test
    void rotateEvery_existingKey_setChangedAndEnded() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        assertThat(key.rotateEvery()).isNull();
        assertThat(key.nextRotationAt()).isNull();
        key.rotateEvery(QUARTER);
        assertThat(rig.ring().get("orders").rotateEvery()).isEqualTo(QUARTER);
        key.rotateEvery(Duration.ofHours(1).plusNanos(999_999));
        assertThat(key.rotateEvery()).as("whole milliseconds").isEqualTo(Duration.ofHours(1));
        assertThat(rig.told).contains(new KmsEvent.KeyChanged(rig.time.instant(), "schedule-changed", "orders", 0));
        long revision = rig.store.revision();
        key.rotateEvery(Duration.ofHours(1));
        assertThat(rig.store.revision()).as("nothing to change").isEqualTo(revision);

        key.rotateEvery(null);

        assertThat(key.rotateEvery()).isNull();
        rig.time.advance(QUARTER);
        assertThat(ring.doDueWork()).isZero();
        assertThat(versions(key)).isEqualTo(1);
    }

    @Test
    void rotateEvery_keyOlderThanThePeriod_rotatedAtOnce() {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        rig.time.advance(QUARTER.multipliedBy(2));
        key.rotateEvery(QUARTER);
        assertThat(ring.doDueWork()).isEqualTo(1);
        assertThat(versions(key)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT59M59.999999999S", "PT-1H", "P3650DT0.000000001S"})
    void rotateEvery_outOfBounds_throwsIllegalArgument(Duration period) {
        NamedKey key = ring.create("orders", KeySpec.AES_256);
        assertThatThrownBy(() -> key.rotateEvery(period))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 hour to 3650 days");
        assertThatThrownBy(() -> QUARTERLY.withRotateEvery(period)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void doDueWork_keyWhoseSealingWasEnded_isNotBegunAgain() {
        NamedKey deactivated = ring.create("deactivated", KeySpec.AES_256, QUARTERLY);
        NamedKey compromised = ring.create("compromised", KeySpec.AES_256, QUARTERLY);
        NamedKey leaving = ring.create("leaving", KeySpec.AES_256, QUARTERLY);
        NamedKey gone = ring.create("gone", KeySpec.AES_256, QUARTERLY);
        deactivated.deactivate();
        compromised.compromise();
        leaving.destroyAfter(Duration.ofDays(365));
        gone.destroyNow();
        for (NamedKey key : List.of(deactivated, compromised, leaving, gone)) {
            assertThat(key.nextRotationAt()).as(key.name()).isNull();
        }
        assertThatThrownBy(() -> gone.rotateEvery(QUARTER)).isInstanceOf(RefusedException.class);

        rig.time.advance(QUARTER.multipliedBy(2));

        assertThat(ring.doDueWork()).isZero();
        deactivated.rotate();
        assertThat(deactivated.nextRotationAt()).isEqualTo(rig.time.instant().plus(QUARTER));
    }

    @Test
    void doDueWork_activateAfter_newVersionOpensBeforeItSeals() {
        rig.activateAfter = Duration.ofMinutes(10);
        NamedKeyRing lagging = rig.ring();
        NamedKey key = lagging.create("orders", KeySpec.AES_256, QUARTERLY);
        assertThat(lagging.sealing("orders").number()).isEqualTo(1);
        rig.time.advance(QUARTER);

        assertThat(lagging.doDueWork()).isEqualTo(1);

        assertThat(key.versions()).extracting(KeyVersion::state).containsExactly(KeyState.ACTIVE, KeyState.PRE_ACTIVE);
        assertThat(key.nextRotationAt())
                .isEqualTo(rig.time.instant().plus(Duration.ofMinutes(10)).plus(QUARTER));
        assertThat(lagging.sealing("orders").number()).isEqualTo(1);
        assertThat(lagging.doDueWork()).isZero();
        rig.time.advance(Duration.ofMinutes(10));
        assertThat(lagging.sealing("orders").number()).isEqualTo(2);
        assertThat(key.rotate().state()).as("by hand too").isEqualTo(KeyState.PRE_ACTIVE);
        assertThat(key.rotate(rig.time.instant()).state())
                .as("a time of its own")
                .isEqualTo(KeyState.ACTIVE);
    }

    @Test
    void doDueWork_managerThatOnlyOpens_leavesRotationToOthers() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        NamedKeyRing opener = rig.ring(List.of(), List.of(rig.master));
        rig.time.advance(QUARTER);
        assertThat(opener.doDueWork()).isZero();
        assertThat(ring.doDueWork()).isEqualTo(1);
        assertThat(versions(key)).isEqualTo(2);
    }

    @Test
    void doDueWork_oneKeyFails_othersAreDoneAndTheFailureIsToldAndThrown() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        ring.create("leaving", KeySpec.AES_256).destroyAfter(Duration.ofDays(1));
        rig.time.advance(QUARTER);
        rig.master.fail(Operation.WRAP, 100, Rig::away);

        assertThatThrownBy(ring::doDueWork).isInstanceOf(UnavailableException.class);

        assertThat(versions(key)).isEqualTo(1);
        assertThat(ring.get("leaving").state()).isEqualTo(KeyState.DESTROYED);
        assertThat(failures()).singleElement().satisfies(failure -> {
            assertThat(failure.key()).isEqualTo("orders");
            assertThat(failure.outcome()).isEqualTo(ErrorCode.KMS_UNAVAILABLE);
            assertThat(failure.pause()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(90));
        });
        rig.master.behave();
        assertThat(ring.doDueWork()).isEqualTo(1);
    }

    @Test
    void poll_due_doneWithoutBeingAsked() {
        rig.schedule = true;
        NamedKeyRing timed = rig.ring();
        NamedKey key = timed.create("orders", KeySpec.AES_256, QUARTERLY);
        NamedKey leaving = timed.create("leaving", KeySpec.AES_256);
        leaving.destroyAfter(Duration.ofDays(1));
        rig.time.advance(QUARTER);

        timed.poll();

        Rig.await("both", () -> versions(key) == 2 && leaving.state() == KeyState.DESTROYED);
    }

    /** Those that fail became due first, and are as many as one look takes. */
    @Test
    void poll_aWholeLookOfRotationsFails_laterDestructionsAreDone() {
        rig.schedule = true;
        NamedKeyRing timed = rig.ring();
        NamedKey leaving = failingBeforeLeaving(timed);
        timed.poll();
        for (int some = 100; some <= DueWork.MOST_AT_ONCE; some += 100) {
            int most = some;
            Rig.await(most + " failures", () -> failures().size() >= most);
        }
        assertThat(leaving.state()).isNotEqualTo(KeyState.DESTROYED);
        rig.time.advance(Duration.ofSeconds(46)); // the next look, while most of them wait
        Rig.await("the destruction", () -> {
            timed.poll();
            return leaving.state() == KeyState.DESTROYED;
        });
    }

    @Test
    void doDueWork_aWholeLookOfRotationsFails_laterDestructionsAreDone() {
        NamedKey leaving = failingBeforeLeaving(ring);
        assertThatThrownBy(ring::doDueWork).isInstanceOf(UnavailableException.class);
        assertThat(leaving.state()).isEqualTo(KeyState.DESTROYED);
        assertThat(failures()).as("each once").hasSize(DueWork.MOST_AT_ONCE);
    }

    private NamedKey failingBeforeLeaving(NamedKeyRing on) {
        for (int i = 0; i < DueWork.MOST_AT_ONCE; i++) {
            on.create("key-" + i, KeySpec.AES_256, QUARTERLY);
        }
        NamedKey leaving = on.create("leaving", KeySpec.AES_256);
        leaving.destroyAfter(QUARTER.plusDays(1));
        rig.master.fail(Operation.WRAP, 1_000_000, Rig::away);
        rig.time.advance(QUARTER.plusDays(2));
        return leaving;
    }

    @Test
    void poll_scheduleOff_nothingIsDone() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        rig.time.advance(QUARTER);
        for (int i = 0; i < 100; i++) {
            ring.poll();
            rig.time.advance(Duration.ofSeconds(5));
        }
        assertThat(versions(key)).isEqualTo(1);
    }

    @Test
    void poll_looks_comeAtUnevenTimesAndNotEverySecond() {
        rig.schedule = true;
        rig.executor = Runnable::run; // a look has ended when poll() returns, however slow the machine is
        NamedKeyRing timed = rig.ring();
        List<Long> looks = new ArrayList<>();
        for (int second = 0; second < 600; second++) {
            int before = rig.store.dues.get();
            timed.poll();
            rig.time.advance(Duration.ofSeconds(1));
            if (rig.store.dues.get() > before) {
                looks.add((long) second);
            }
        }
        assertThat(looks.size()).isBetween(12, 40);
    }

    @Test
    void poll_failsForLong_triedAgainLaterAndLater() {
        rig.schedule = true;
        NamedKeyRing timed = rig.ring();
        NamedKey key = timed.create("orders", KeySpec.AES_256, QUARTERLY);
        rig.time.advance(QUARTER);
        rig.master.fail(Operation.WRAP, 100, Rig::away);
        List<Duration> pauses = new ArrayList<>();
        while (pauses.size() < 9) {
            int known = pauses.size();
            // Polled again and again: work is told of a little before it ends, and until then no other begins.
            Rig.await("a failure", () -> {
                timed.poll();
                return failures().size() > known;
            });
            assertThat(failures()).as("one, however often it is looked").hasSize(known + 1);
            KmsEvent.DueWorkFailed failure = failures().get(known);
            pauses.add(failure.pause());
            rig.time.advance(failure.pause().plusSeconds(46)); // and the next look
        }
        assertThat(pauses.get(0)).isLessThan(Duration.ofSeconds(91));
        assertThat(pauses.get(8)).isBetween(Duration.ofMinutes(30), Duration.ofMinutes(90));

        rig.master.behave();
        rig.time.advance(Duration.ofHours(2));
        Rig.await("the rotation", () -> {
            timed.poll();
            return versions(key) == 2;
        });
    }

    @Test
    void doDueWork_threeProcessesAtOnceManyKeys_eachKeyOnce() throws Exception {
        List<NamedKey> keys = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            keys.add(ring.create("key-" + i, KeySpec.AES_256, QUARTERLY));
        }
        List<NamedKeyRing> rings = List.of(rig.ring(), rig.ring(), rig.ring());
        rig.time.advance(QUARTER.multipliedBy(3));
        CyclicBarrier barrier = new CyclicBarrier(rings.size());
        ExecutorService threads = Executors.newFixedThreadPool(rings.size());
        try {
            List<Future<Integer>> made = new ArrayList<>();
            for (NamedKeyRing one : rings) {
                made.add(threads.submit(() -> {
                    barrier.await(10, TimeUnit.SECONDS);
                    return one.doDueWork();
                }));
            }
            int sum = 0;
            for (Future<Integer> one : made) {
                sum += one.get(60, TimeUnit.SECONDS);
            }
            // A key that another was just working on is left to it.
            assertThat(sum).isEqualTo(keys.size());
        } finally {
            threads.shutdownNow();
        }
        assertThat(keys).allSatisfy(key -> assertThat(versions(key)).isEqualTo(2));
    }

    @Test
    void doDueWork_anotherProcessIsAtIt_isLeftToIt() throws Exception {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        NamedKeyRing other = rig.ring();
        other.get("orders");
        rig.time.advance(QUARTER);
        Gate gate = rig.master.hold(Operation.WRAP);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<Integer> slow = thread.submit(ring::doDueWork);
            gate.awaitWaiting(1, Duration.ofSeconds(10));
            assertThat(other.doDueWork()).isZero();
            assertThat(rig.master.calls(Operation.WRAP)).as("wrapped once only").isEqualTo(3);
            gate.release();
            assertThat(slow.get(10, TimeUnit.SECONDS)).isEqualTo(1);
        } finally {
            thread.shutdownNow();
        }
        assertThat(versions(key)).isEqualTo(2);
    }

    @Test
    void doDueWork_storeNamesKeysThatAreNotDue_manifestHasTheLastWord() {
        NamedKey key = ring.create("orders", KeySpec.AES_256, QUARTERLY);
        rig.store.rewriteDue = names -> List.of("orders");
        long revision = rig.store.revision();
        assertThat(ring.doDueWork()).isZero();
        assertThat(rig.store.revision()).isEqualTo(revision);
        assertThat(versions(key)).isEqualTo(1);
    }
}
