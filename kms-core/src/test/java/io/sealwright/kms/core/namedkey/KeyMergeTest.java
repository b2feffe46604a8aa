package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyMergeTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    private static VersionRecord version(long id, int number, KeyState state, int made) {
        Instant at = NOON.plusSeconds(made);
        return new VersionRecord(
                number, new VersionId(7, id), state, at, at, state == KeyState.DESTROYED ? NOON : null, id);
    }

    private static KeyRecord key(VersionRecord... versions) {
        KeyRecord first = KeyRecord.fresh("orders", KeySpec.AES_256, NOON, versions[0]);
        return first.withVersions(List.of(versions));
    }

    private static List<String> told(KeyMerge merge) {
        return merge.record().versions().stream()
                .map(version -> version.number() + " " + version.id().low() + " " + version.state())
                .toList();
    }

    @Test
    void of_nothingThere_isTheBackup() {
        KeyRecord backup = key(version(1, 1, KeyState.DESTROYED, 0), version(2, 2, KeyState.ACTIVE, 1));
        KeyMerge merge = KeyMerge.of(backup, null, NOON);
        assertThat(merge.record()).isEqualTo(backup);
        assertThat(merge.parts()).hasSize(2);
        assertThat(merge.parts().get(0).backupMaterial()).isEmpty();
        assertThat(merge.parts().get(1).backupMaterial())
                .contains(backup.versions().get(1));
    }

    @Test
    void of_storeWentOn_keepsWhatCameAndWhatWasEnded() {
        KeyRecord backup = key(
                version(1, 1, KeyState.DEACTIVATED, 0),
                version(2, 2, KeyState.DEACTIVATED, 1),
                version(3, 3, KeyState.DEACTIVATED, 2),
                version(4, 4, KeyState.ACTIVE, 3));
        KeyRecord store = key(
                version(1, 1, KeyState.DESTROYED, 0),
                version(2, 2, KeyState.COMPROMISED, 1),
                version(3, 3, KeyState.DEACTIVATED, 2).toBeDestroyed(NOON.plus(Duration.ofDays(30))),
                version(4, 4, KeyState.DEACTIVATED, 3),
                version(5, 5, KeyState.ACTIVE, 4));
        KeyMerge merge = KeyMerge.of(backup, store, NOON);
        assertThat(told(merge))
                .containsExactly(
                        "1 1 DESTROYED", "2 2 COMPROMISED", "3 3 DEACTIVATED", "4 4 DEACTIVATED", "5 5 ACTIVE");
        assertThat(merge.record().versions().get(2).awaitsDestruction()).isTrue();
        assertThat(merge.record().at(NOON.plusSeconds(60)).sealing()).isEqualTo(5);
        assertThat(merge.parts().get(3).backupMaterial()).isPresent();
        assertThat(merge.parts().get(4).backupMaterial()).isEmpty();
        assertThat(merge.parts().get(4).storeMaterial()).isPresent();
    }

    @Test
    void of_storeWasRolledBack_hasTheBackupsNewerVersions() {
        KeyRecord backup = key(version(1, 1, KeyState.DEACTIVATED, 0), version(2, 2, KeyState.ACTIVE, 1));
        assertThat(told(KeyMerge.of(backup, key(version(1, 1, KeyState.ACTIVE, 0)), NOON)))
                .containsExactly("1 1 DEACTIVATED", "2 2 ACTIVE");
    }

    @Test
    void of_destroyedInTheBackup_staysSoWhateverTheStoreSays() {
        KeyMerge merge =
                KeyMerge.of(key(version(1, 1, KeyState.DESTROYED, 0)), key(version(1, 1, KeyState.ACTIVE, 0)), NOON);
        assertThat(told(merge)).containsExactly("1 1 DESTROYED");
    }

    private static VersionRecord merged(VersionRecord backup, VersionRecord store) {
        return KeyMerge.of(key(backup), key(store), NOON).record().newest();
    }

    @Test
    void of_backupIsNewerThanTheStore_keepsWhatWasEndedThere() {
        VersionRecord active = version(1, 1, KeyState.ACTIVE, 0);
        VersionRecord leaked = version(1, 1, KeyState.COMPROMISED, 0);
        assertThat(merged(leaked, active).state()).isEqualTo(KeyState.COMPROMISED);
        Instant late = NOON.plus(Duration.ofDays(90));
        VersionRecord waiting = merged(active.toBeDestroyed(late), active);
        assertThat(waiting.destroyAt()).isEqualTo(late);
        assertThat(waiting.state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(merged(active.toBeDestroyed(NOON.minusSeconds(1)), active).destroyAt())
                .as("not at once")
                .isEqualTo(NOON.plus(Duration.ofDays(30)));
    }

    @Test
    void of_compromisedInOneAndWaitingInTheOther_isBoth() {
        Instant soon = NOON.plus(Duration.ofDays(7));
        VersionRecord leaked = version(1, 1, KeyState.COMPROMISED, 0);
        VersionRecord waiting = version(1, 1, KeyState.DEACTIVATED, 0).toBeDestroyed(soon);
        VersionRecord there = merged(leaked, waiting);
        assertThat(there.state()).isEqualTo(KeyState.COMPROMISED);
        assertThat(there.destroyAt()).isEqualTo(soon);
        VersionRecord here = merged(waiting, leaked);
        assertThat(here.state()).isEqualTo(KeyState.COMPROMISED);
        assertThat(here.destroyAt()).isEqualTo(NOON.plus(Duration.ofDays(30)));
    }

    @Test
    void of_supersededByOneThatWasCompromised_doesNotSealAgain() {
        KeyRecord backup = key(version(1, 1, KeyState.ACTIVE, 0));
        KeyRecord store = key(version(1, 1, KeyState.DEACTIVATED, 0), version(2, 2, KeyState.COMPROMISED, 1));
        KeyMerge merge = KeyMerge.of(backup, store, NOON);
        assertThat(told(merge)).containsExactly("1 1 DEACTIVATED", "2 2 COMPROMISED");
        assertThat(merge.record().at(NOON.plusSeconds(60)).sealing()).isZero();
    }

    @Test
    void of_bothRotateBySchedule_isTheStores() {
        KeyRecord bare = key(version(1, 1, KeyState.ACTIVE, 0));
        KeyRecord backup = bare.withRotation(Duration.ofDays(90));
        KeyRecord store = bare.withRotation(Duration.ofDays(30));
        assertThat(KeyMerge.of(backup, store, NOON).record().rotateEvery()).isEqualTo(Duration.ofDays(30));
        assertThat(KeyMerge.of(backup, bare, NOON).record().rotateEvery()).isEqualTo(Duration.ofDays(90));
    }

    @Test
    void of_twoHistories_areOneByAge() {
        KeyRecord backup = key(version(1, 1, KeyState.DEACTIVATED, 0), version(2, 2, KeyState.ACTIVE, 20));
        KeyRecord store = key(
                version(9, 1, KeyState.DEACTIVATED, 10),
                version(8, 2, KeyState.DESTROYED, 15),
                version(7, 3, KeyState.ACTIVE, 30));
        KeyMerge merge = KeyMerge.of(backup, store, NOON);
        assertThat(told(merge))
                .containsExactly("1 1 DEACTIVATED", "2 9 DEACTIVATED", "3 8 DESTROYED", "4 2 ACTIVE", "5 7 ACTIVE");
        assertThat(merge.parts().stream().map(part -> part.backup() != null).toList())
                .isEqualTo(Arrays.asList(true, false, false, true, false));
    }
}
