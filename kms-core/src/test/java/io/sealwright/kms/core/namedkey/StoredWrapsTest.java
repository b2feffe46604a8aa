package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Problem;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.MasterKeys.Use;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StoredWrapsTest {
    private final Rig rig = new Rig();
    private final FaultyMasterKey other = new FaultyMasterKey("other");

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    /** A ring as another process has it, with nothing in memory. */
    private NamedKeyRing fresh(FaultyMasterKey key) {
        return rig.ring(List.of(key.twin()), List.of(key.twin()));
    }

    /** A ring that wraps with the other key, and opens with both. */
    private NamedKeyRing moving() {
        return rig.ring(List.of(other), List.of(other, rig.master));
    }

    /** A second later than the last look for newer versions, which is made at most once a second. */
    private Rewrapped rewrap(NamedKeyRing ring) {
        rig.time.advance(Duration.ofSeconds(1));
        return ring.rewrapStored(Progress.NONE);
    }

    private Examined examine(NamedKeyRing ring) {
        rig.time.advance(Duration.ofSeconds(1));
        return ring.examineStored(Progress.NONE);
    }

    private byte[] made(String name, int versions) {
        NamedKeyRing ring = rig.ring();
        ring.create(name, KeySpec.AES_256);
        for (int i = 1; i < versions; i++) {
            ring.get(name).rotate();
        }
        return ring.sealing(name).id();
    }

    private List<Recipient> wraps(String name, int version) {
        StoredVersion row = rig.store.real.find(name).orElseThrow().versions().get(version - 1);
        return WrapList.decode(name, row.wraps());
    }

    @Test
    void rewrap_afterARotation_putsEveryVersionAndTheStoresKeyUnderTheNewVersion() {
        byte[] id = made("orders", 3);
        made("bills", 1);
        NamedKeyRing ring = rig.ring();
        assertThat(rig.master.rotate()).isNotEmpty();

        assertThat(examine(ring).uses()).containsExactly(new Use("faulty://master", "1", false, 5));
        assertThat(rewrap(ring)).isEqualTo(new Rewrapped(3, 0, List.of()));
        assertThat(examine(ring))
                .isEqualTo(new Examined(3, 0, List.of(new Use("faulty://master", "2", true, 5)), 0, List.of()));
        assertThat(fresh(rig.master).byId(id)).isPresent();
        assertThat(ring.sealing("orders").id()).isEqualTo(id);
    }

    @Test
    void rewrap_again_changesNothing() {
        made("orders", 2);
        NamedKeyRing ring = rig.ring();
        rig.master.rotate();
        rewrap(ring);
        long revision = rig.store.revision();
        int wraps = rig.master.calls(Operation.WRAP);

        assertThat(rewrap(fresh(rig.master))).isEqualTo(new Rewrapped(0, 2, List.of()));
        assertThat(rig.store.revision()).isEqualTo(revision);
        assertThat(rig.master.calls(Operation.WRAP)).isEqualTo(wraps);
    }

    @Test
    void rewrap_emptyStore_makesNothing() {
        assertThat(rewrap(rig.ring())).isEqualTo(new Rewrapped(0, 0, List.of()));
        assertThat(examine(rig.ring())).isEqualTo(new Examined(0, 0, List.of(), 0, List.of()));
        assertThat(rig.store.storeKey()).isEmpty();
    }

    @Test
    void rewrap_tellsProgressKeyByKey() {
        made("a", 1);
        made("b", 1);
        rig.master.rotate();
        List<String> told = new ArrayList<>();
        rig.ring().rewrapStored((done, all) -> told.add(done + "/" + all));
        assertThat(told).containsExactly("1/3", "2/3", "3/3");
    }

    @Test
    void rewrap_toAnotherMasterKey_dropsTheOldOnesWraps() {
        byte[] id = made("orders", 2);
        assertThat(rewrap(moving())).isEqualTo(new Rewrapped(2, 0, List.of()));
        assertThat(fresh(other).byId(id)).isPresent();
        assertThat(wraps("orders", 1)).singleElement().matches(other::recognizes);
        NamedKeyRing old = fresh(rig.master);
        assertThatThrownBy(() -> old.byId(id)).isInstanceOf(NoMatchingRecipientException.class);
    }

    @Test
    void rewrap_oneMasterKeyMore_addsItsWraps() {
        byte[] id = made("orders", 1);
        NamedKeyRing both = rig.ring(List.of(rig.master, other), List.of(rig.master, other));
        Recipient before = wraps("orders", 1).get(0);
        assertThat(rewrap(both).done()).isEqualTo(2);
        assertThat(wraps("orders", 1)).hasSize(2).first().isEqualTo(before);
        assertThat(fresh(other).byId(id)).isPresent();
        assertThat(fresh(rig.master).byId(id)).isPresent();
    }

    @Test
    void rewrap_wrapOfAnUnknownKey_stays() {
        NamedKeyRing both = rig.ring(List.of(rig.master, other), List.of(rig.master, other));
        both.create("orders", KeySpec.AES_256);
        Recipient foreign = wraps("orders", 1).get(1);
        rig.master.rotate();
        NamedKeyRing one = rig.ring();
        assertThat(rewrap(one).done()).isEqualTo(2);
        assertThat(wraps("orders", 1)).hasSize(2).contains(foreign);
        Examined examined = examine(one);
        assertThat(examined.unknown()).isEqualTo(2);
        assertThat(examined.outdated()).isZero();
        assertThat(examined.problems()).isEmpty();
    }

    @Test
    void rewrap_newWrapDoesNotOpen_keepsTheOldOneAndSaysSo() {
        byte[] id = made("orders", 1);
        NamedKeyRing ring = rig.ring();
        rig.master.rotate();
        List<Recipient> before = wraps("orders", 1);
        rig.master.lie(Lie.USELESS_WRAP, Operation.WRAP);

        Rewrapped result = rewrap(ring);
        assertThat(result.done()).isZero();
        assertThat(result.failed()).extracting(Problem::subject).contains("key 'orders'");
        assertThat(result.failed().get(0).error()).hasMessageContaining("does not unwrap what it wrapped");
        assertThat(wraps("orders", 1)).isEqualTo(before);

        rig.master.behave();
        assertThat(rewrap(ring)).isEqualTo(new Rewrapped(2, 0, List.of()));
        assertThat(fresh(rig.master).byId(id)).isPresent();
    }

    /** A wrap that is there and newest must not stand for one that goes without being opened first. */
    @Test
    void rewrap_wrapThatStaysIsDamaged_isMadeAnewBeforeTheOthersGo() {
        NamedKeyRing both = rig.ring(List.of(rig.master, other), List.of(rig.master, other));
        both.create("orders", KeySpec.AES_256);
        byte[] id = both.sealing("orders").id();
        rig.store.rewrite = stored -> Optional.of(damagedSecondWrap(stored));
        assertThat(rewrap(moving()).failed()).isEmpty();
        rig.store.honest();
        assertThat(wraps("orders", 1)).singleElement().matches(other::recognizes);
        assertThat(fresh(other).byId(id)).isPresent();
    }

    private static StoredKey damagedSecondWrap(StoredKey stored) {
        StoredVersion row = stored.versions().get(0);
        List<Recipient> wraps = WrapList.decode("it", row.wraps());
        if (wraps.size() < 2) {
            return stored;
        }
        byte[] wrap = wraps.get(1).wrap();
        wrap[wrap.length - 1] ^= 1;
        Recipient damaged = new Recipient(wraps.get(1).kind(), wraps.get(1).id(), wrap);
        StoredVersion changed =
                new StoredVersion(row.number(), row.id(), WrapList.encode(List.of(wraps.get(0), damaged)));
        return new StoredKey(stored.name(), stored.generation(), stored.manifest(), List.of(changed));
    }

    @Test
    void rewrap_oneKeyIsDamaged_doesTheOthersAndNamesIt() {
        made("a", 1);
        made("b", 1);
        rig.master.rotate();
        NamedKeyRing ring = rig.ring();
        rig.store.rewrite = stored -> Optional.of(
                stored.name().equals("a")
                        ? new StoredKey("a", stored.generation(), new byte[40], stored.versions())
                        : stored);
        Rewrapped result = rewrap(ring);
        assertThat(result.done()).isEqualTo(2);
        assertThat(result.failed()).singleElement().satisfies(problem -> {
            assertThat(problem.subject()).isEqualTo("key 'a'");
            assertThat(problem.error().code()).isEqualTo(ErrorCode.KMS_STORE_CORRUPT);
        });
        rig.store.honest();
        assertThat(rewrap(ring)).isEqualTo(new Rewrapped(1, 2, List.of()));
    }

    @Test
    void rewrap_anotherProcessRotatesTheKeyMeanwhile_losesNeither() {
        made("orders", 1);
        NamedKeyRing ring = rig.ring();
        NamedKeyRing process = fresh(rig.master); // knows version 1 of the master key only
        rig.master.rotate();
        AtomicBoolean once = new AtomicBoolean();
        rig.store.beforeApply = () -> {
            if (once.compareAndSet(false, true)) {
                process.get("orders").rotate();
                process.create("late", KeySpec.AES_256);
            }
        };
        Rewrapped result = rewrap(ring);
        assertThat(result.failed()).isEmpty();
        assertThat(ring.get("orders").versions()).hasSize(2);
        assertThat(examine(ring))
                .isEqualTo(new Examined(3, 0, List.of(new Use("faulty://master", "2", true, 4)), 0, List.of()));
    }

    @Test
    void rewrap_destroyedVersion_isLeftOut() {
        made("orders", 2);
        NamedKeyRing ring = rig.ring();
        ring.get("orders").destroyNow(1);
        rig.master.rotate();
        assertThat(rewrap(ring)).isEqualTo(new Rewrapped(2, 0, List.of()));
        assertThat(rig.store.real.find("orders").orElseThrow().versions()).hasSize(1);
    }

    @Test
    void rewrap_decryptOnly_isRefused() {
        made("orders", 1);
        NamedKeyRing ring = rig.ring(List.of(), List.of(rig.master));
        assertThatThrownBy(() -> rewrap(ring)).isInstanceOf(RefusedException.class);
    }

    @Test
    void rewrap_masterKeyIsAway_failsByNameAndLeavesAllAsItWas() {
        made("orders", 1);
        NamedKeyRing ring = rig.ring();
        examine(ring);
        rig.master.rotate();
        long revision = rig.store.revision();
        rig.master.fail(Operation.WRAP, 100, Rig::away);
        Rewrapped result = rewrap(ring);
        assertThat(result.failed())
                .hasSize(2)
                .allMatch(problem -> problem.error().retryable());
        assertThat(rig.store.revision()).isEqualTo(revision);
    }

    @Test
    void examine_damagedWrapBesideAGoodOne_isAProblem() {
        NamedKeyRing both = rig.ring(List.of(rig.master, other), List.of(rig.master, other));
        both.create("orders", KeySpec.AES_256);
        rig.store.rewrite = stored -> Optional.of(damagedSecondWrap(stored));
        Examined examined = examine(rig.ring(List.of(rig.master, other), List.of(rig.master, other)));
        assertThat(examined.problems()).singleElement().satisfies(problem -> {
            assertThat(problem.subject()).isEqualTo("version 1 of key 'orders'");
            assertThat(problem.error()).hasMessageContaining("Its wrap by faulty://other does not give back");
        });
    }

    @Test
    void examine_masterKeyIsAway_tellsOfEachKey() {
        made("orders", 1);
        NamedKeyRing ring = rig.ring();
        examine(ring);
        rig.master.fail(Operation.UNWRAP, 100, Rig::away);
        assertThat(examine(ring).problems())
                .extracting(Problem::subject)
                .containsExactlyInAnyOrder("the store's own key", "version 1 of key 'orders'");
    }
}
