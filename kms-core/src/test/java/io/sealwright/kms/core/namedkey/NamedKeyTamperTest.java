package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.testkit.store.ForwardingKeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What someone who can write to the store can try. */
class NamedKeyTamperTest {
    private final Rig rig = new Rig();
    private final NamedKeyRing maker = rig.ring();
    private StoredKey orders = new StoredKey("orders", 0, new byte[0], List.of());
    private StoredKey other = orders;

    @BeforeEach
    void twoKeys() {
        NamedKey key = maker.create("orders", KeySpec.AES_256);
        key.rotate();
        key.rotate();
        key.destroyNow(1);
        maker.create("other", KeySpec.AES_256).rotate();
        orders = rig.store.real.find("orders").orElseThrow();
        other = rig.store.real.find("other").orElseThrow();
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private static void corrupt(String key, String why, ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);
        assertThat(thrown).isInstanceOf(StoreException.class).hasMessageContaining("'" + key + "'");
        assertThat(thrown).hasMessageContaining(why);
        assertThat(((KmsException) thrown).code()).isEqualTo(ErrorCode.KMS_STORE_CORRUPT);
    }

    /** A process that comes new, and one that knows the key, must both refuse it. */
    private void refused(String why, UnaryOperator<StoredKey> change) {
        rig.store.rewrite = stored -> Optional.of(stored.name().equals("orders") ? change.apply(stored) : stored);
        NamedKeyRing fresh = rig.ring();
        corrupt("orders", why, () -> fresh.sealing("orders"));
        corrupt("orders", why, () -> fresh.get("orders"));
        corrupt("orders", why, fresh::list);
        corrupt("orders", why, () -> fresh.createIfAbsent("orders", KeySpec.AES_256));
        corrupt("orders", why, () -> maker.get("orders").state());
        corrupt("orders", why, () -> maker.life().rotate("orders", null));
        corrupt("orders", why, () -> maker.life().destroyNow("orders", 0));
        rig.store.honest();
        assertThat(fresh.get("orders").versions()).hasSize(3);
        assertThat(rig.store.real.find("orders").orElseThrow().generation()).isEqualTo(orders.generation());
    }

    private static StoredKey with(StoredKey key, List<StoredVersion> versions) {
        return new StoredKey(key.name(), key.generation(), key.manifest(), versions);
    }

    private static List<StoredVersion> replace(List<StoredVersion> rows, int index, StoredVersion row) {
        List<StoredVersion> changed = new ArrayList<>(rows);
        changed.set(index, row);
        return changed;
    }

    @Test
    void manifest_anyBitFlipped_refused() {
        NamedKeyRing fresh = rig.ring();
        for (int bit = 0; bit < orders.manifest().length * 8; bit++) {
            byte[] flipped = orders.manifest().clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            rig.store.rewrite =
                    stored -> Optional.of(new StoredKey("orders", stored.generation(), flipped, stored.versions()));
            Throwable thrown = catchThrowable(() -> fresh.present("orders"));
            assertThat(thrown).as("bit %d", bit).isInstanceOf(StoreException.class);
            assertThat(((KmsException) thrown).code()).isEqualTo(ErrorCode.KMS_STORE_CORRUPT);
        }
    }

    @Test
    void manifest_cutOrExtended_refused() {
        for (int length : new int[] {0, 1, 31, 32, 33, orders.manifest().length - 1, orders.manifest().length + 1}) {
            byte[] other = Arrays.copyOf(orders.manifest(), length);
            refused("manifest", key -> new StoredKey("orders", key.generation(), other, key.versions()));
        }
    }

    @Test
    void row_generationEdited_refused() {
        for (long step : new long[] {-1, 1, 1000}) {
            refused(
                    "generation",
                    key -> new StoredKey("orders", key.generation() + step, key.manifest(), key.versions()));
        }
    }

    @Test
    void row_ofAnotherKeyMovedHere_refused() {
        refused("moved", key -> new StoredKey("orders", other.generation(), other.manifest(), other.versions()));
        refused("moved", key -> other);
    }

    @Test
    void row_underAnotherNameOfTheRow_refused() {
        refused("moved", key -> new StoredKey("orderz", key.generation(), key.manifest(), key.versions()));
    }

    @Test
    void versions_oneHidden_refused() {
        refused("hidden", key -> with(key, key.versions().subList(0, 1)));
        refused("hidden", key -> with(key, key.versions().subList(1, 2)));
        refused("hidden", key -> with(key, List.of()));
    }

    @Test
    void versions_oneAdded_refused() {
        StoredVersion row = orders.versions().get(0);
        refused("does not have", key -> {
            List<StoredVersion> more = new ArrayList<>(key.versions());
            more.add(new StoredVersion(4, new byte[16], row.wraps()));
            return with(key, more);
        });
        refused("two rows", key -> {
            List<StoredVersion> more = new ArrayList<>(key.versions());
            more.add(row);
            return with(key, more);
        });
    }

    @Test
    void versions_destroyedOnesRowIsBack_refused() {
        byte[] id = maker.present("orders").versions().get(0).id().bytes();
        refused("does not have", key -> {
            List<StoredVersion> more = new ArrayList<>(key.versions());
            more.add(0, new StoredVersion(1, id, key.versions().get(0).wraps()));
            return with(key, more);
        });
    }

    @Test
    void versions_idEdited_refused() {
        refused("another id", key -> {
            StoredVersion row = key.versions().get(1);
            byte[] id = row.id().clone();
            id[0] ^= 1;
            return with(key, replace(key.versions(), 1, new StoredVersion(row.number(), id, row.wraps())));
        });
    }

    @Test
    void versions_numbersSwapped_refused() {
        refused("another id", key -> {
            StoredVersion two = key.versions().get(0);
            StoredVersion three = key.versions().get(1);
            return with(
                    key,
                    List.of(
                            new StoredVersion(2, three.id(), three.wraps()),
                            new StoredVersion(3, two.id(), two.wraps())));
        });
    }

    private void materialRefused(String why, byte[] wraps) {
        rig.store.rewrite = stored -> {
            StoredVersion row = stored.versions().get(1);
            return Optional.of(
                    with(stored, replace(stored.versions(), 1, new StoredVersion(row.number(), row.id(), wraps))));
        };
        NamedKeyRing fresh = rig.ring();
        corrupt("orders", why, () -> fresh.sealing("orders"));
        corrupt("orders", why, () -> fresh.byId(orders.versions().get(1).id()));
        rig.store.honest();
        assertThat(fresh.sealing("orders").number()).isEqualTo(3);
    }

    @Test
    void wraps_ofAnotherVersionOrKey_refused() {
        materialRefused("None of its wraps", orders.versions().get(0).wraps());
        materialRefused("None of its wraps", other.versions().get(1).wraps());
    }

    @Test
    void wraps_layoutDamaged_refused() {
        byte[] wraps = orders.versions().get(1).wraps();
        materialRefused("cut short", Arrays.copyOf(wraps, wraps.length - 1));
        materialRefused("too many", Arrays.copyOf(wraps, wraps.length + 1));
        byte[] layout = wraps.clone();
        layout[0] = 9;
        materialRefused("layout 9", layout);
    }

    @Test
    void row_ofTheSameNameInAnotherStore_refused() {
        try (RewritingStore elsewhere = new RewritingStore()) {
            rig.ring(elsewhere, List.of(rig.master), List.of(rig.master), name -> {})
                    .create("orders", KeySpec.AES_256);
            StoredKey theirs = elsewhere.real.find("orders").orElseThrow();

            refused("another store", key -> theirs);
        }
    }

    @Test
    void rolledBack_bySomeoneWhoKeptTheOldRows_refusedByWhoSawTheNewer() {
        maker.life().deactivate("orders", 0);

        rig.store.rewrite = stored -> Optional.of(stored.name().equals("orders") ? orders : stored);

        corrupt("orders", "rolled back", () -> maker.get("orders"));
        corrupt(
                "orders",
                "rolled back",
                () -> maker.byId(orders.versions().get(0).id()));
        corrupt("orders", "rolled back", () -> maker.life().rotate("orders", null));
        // Documented: a process that has seen nothing newer cannot tell.
        assertThat(rig.ring().get("orders").state()).isEqualTo(KeyState.ACTIVE);
    }

    @Test
    void rolledBackAndChangedAgain_sameGenerationOtherContents_refused() {
        maker.life().compromise("orders", 2);
        StoredKey seen = rig.store.real.find("orders").orElseThrow();
        // The store goes back, and a process that knows no better writes the same generation once more.
        StoredKey fork = writtenOver(orders);
        assertThat(fork.generation()).isEqualTo(seen.generation());

        rig.store.rewrite = stored -> Optional.of(stored.name().equals("orders") ? fork : stored);

        corrupt("orders", "rolled back", () -> maker.get("orders"));
    }

    /** What another process makes of old rows; validly sealed, and not written to the store. */
    private StoredKey writtenOver(StoredKey old) {
        List<StoredKey> written = new ArrayList<>();
        rig.store.rewrite = stored -> Optional.of(stored.name().equals("orders") ? old : stored);
        NamedKeyStore capturing = new ForwardingKeyStore(rig.store) {
            @Override
            public boolean apply(KeyChange change) {
                return written.add(new StoredKey("orders", change.newGeneration(), change.manifest(), old.versions()));
            }
        };
        rig.ring(capturing, List.of(rig.master), List.of(rig.master), name -> {})
                .life()
                .deactivate("orders", 3);
        return written.get(0);
    }

    @Test
    void key_deletedAltogether_refusedByWhoSawIt() {
        rig.store.rewrite = stored -> Optional.empty();
        corrupt("orders", "gone", () -> maker.get("orders"));
        corrupt("orders", "gone", () -> maker.create("orders", KeySpec.AES_256));
        rig.store.honest();
        rig.store.rewriteNames = names -> List.of("other");
        corrupt("orders", "gone", maker::list);
    }

    @Test
    void nameOf_pointsToAnotherKey_refused() {
        byte[] id = orders.versions().get(0).id();
        rig.store.rewriteName = name -> Optional.of("other");
        corrupt("other", "manifest does not have", () -> rig.ring().byId(id));
        rig.store.rewriteName = name -> Optional.of("../x");
        Throwable thrown = catchThrowable(() -> rig.ring().byId(id));
        assertThat(thrown)
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(HexFormat.of().formatHex(id));
    }

    @Test
    void storeKey_anyByteChanged_refused() {
        byte[] record = rig.store.real.storeKey().orElseThrow();
        for (int i = 0; i < record.length; i++) {
            byte[] changed = record.clone();
            changed[i] ^= 0x40;
            rig.store.rewriteStoreKey = honest -> changed;
            Throwable thrown = catchThrowable(() -> rig.ring().get("orders"));
            // A changed kind or id makes it a wrap of an unknown master key.
            assertThat(thrown)
                    .as("byte %d", i)
                    .isInstanceOfAny(StoreException.class, NoMatchingRecipientException.class);
        }
    }

    @Test
    void storeKey_exchangedWhileRunning_refused() {
        rig.time.advance(Rig.MAX_AGE);
        byte[] record = rig.store.real.storeKey().orElseThrow();
        try (RewritingStore elsewhere = new RewritingStore()) {
            rig.ring(elsewhere, List.of(rig.master), List.of(rig.master), name -> {})
                    .create("x", KeySpec.AES_256);
            byte[] foreign = elsewhere.real.storeKey().orElseThrow();
            rig.store.rewriteStoreKey = honest -> foreign;
            assertThat(catchThrowable(() -> maker.get("orders")))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("exchanged");
        }
        rig.store.rewriteStoreKey = honest -> record;
        assertThat(maker.get("orders").versions()).hasSize(3);
    }
}
