package io.sealwright.kms.testkit.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.KeyReplacement.ErasedVersion;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WorkClaim;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link NamedKeyStore} must do. A store's test extends it and says how a fresh one is made. */
@Timeout(60)
public abstract class NamedKeyStoreContract {
    private static final int THREADS = 8;

    private NamedKeyStore store;
    private NamedKeyStore second;

    /** For subclasses. */
    protected NamedKeyStoreContract() {}

    /** Makes an empty store. */
    protected abstract NamedKeyStore fresh() throws Exception;

    /**
     * Opens another handle to the same data, as a second process has it; {@code store} itself if there is no such
     * thing.
     */
    protected abstract NamedKeyStore again(NamedKeyStore store) throws Exception;

    @BeforeEach
    final void openStore() throws Exception {
        store = fresh();
        second = again(store);
    }

    @AfterEach
    final void closeStore() {
        second.close();
        store.close();
    }

    @Test
    void storeKey_freshStore_isEmpty() {
        assertTrue(store.storeKey().isEmpty());
        assertTrue(store.names().isEmpty());
    }

    @Test
    void initialise_freshStore_keepsTheGivenOne() {
        long before = store.revision();
        assertArrayEquals(text("first"), store.initialise(text("first")));
        assertArrayEquals(text("first"), store.storeKey().orElseThrow());
        assertArrayEquals(text("first"), second.storeKey().orElseThrow());
        assertNotEquals(before, second.revision());
    }

    @Test
    void initialise_again_returnsTheFirst() {
        store.initialise(text("first"));
        long before = store.revision();
        assertArrayEquals(text("first"), second.initialise(text("second")));
        assertArrayEquals(text("first"), store.storeKey().orElseThrow());
        assertEquals(before, store.revision(), "nothing was changed");
    }

    @Test
    void initialise_manyAtOnce_allGetTheSame() throws Exception {
        List<byte[]> results = atOnce(i -> () -> handle(i).initialise(text("key " + i)));
        byte[] winner = store.storeKey().orElseThrow();
        for (byte[] result : results) {
            assertArrayEquals(winner, result);
        }
    }

    @Test
    void initialise_argumentChangedAfterwards_storeKeepsItsOwn() {
        byte[] mine = text("first");
        store.initialise(mine);
        Arrays.fill(mine, (byte) 'x');
        byte[] read = store.storeKey().orElseThrow();
        assertArrayEquals(text("first"), read);
        Arrays.fill(read, (byte) 'x');
        assertArrayEquals(text("first"), store.storeKey().orElseThrow());
    }

    @Test
    void initialise_longest_isKept() {
        byte[] longest = pattern(NamedKeyStore.MAX_STORE_KEY_BYTES);
        store.initialise(longest);
        assertArrayEquals(longest, second.storeKey().orElseThrow());
    }

    @Test
    void initialise_tooLongOrEmpty_isRefused() {
        byte[] tooLong = pattern(NamedKeyStore.MAX_STORE_KEY_BYTES + 1);
        assertThrows(IllegalArgumentException.class, () -> store.initialise(tooLong));
        assertThrows(IllegalArgumentException.class, () -> store.initialise(new byte[0]));
        assertTrue(store.storeKey().isEmpty());
    }

    @Test
    void replaceStoreKey_asExpected_replaces() {
        store.initialise(text("first"));
        long before = store.revision();
        assertTrue(second.replaceStoreKey(text("first"), text("second")));
        assertArrayEquals(text("second"), store.storeKey().orElseThrow());
        assertNotEquals(before, store.revision());
    }

    @Test
    void replaceStoreKey_notAsExpected_changesNothing() {
        assertFalse(store.replaceStoreKey(text("first"), text("second")));
        assertTrue(store.storeKey().isEmpty());
        store.initialise(text("first"));
        long before = store.revision();
        assertFalse(second.replaceStoreKey(text("other"), text("second")));
        assertArrayEquals(text("first"), store.storeKey().orElseThrow());
        assertEquals(before, store.revision());
    }

    @Test
    void replaceStoreKey_manyAtOnce_exactlyOneWins() throws Exception {
        store.initialise(text("first"));
        List<Boolean> results = atOnce(i -> () -> handle(i).replaceStoreKey(text("first"), text("key " + i)));
        assertEquals(1, results.stream().filter(won -> won).count());
        int winner = results.indexOf(true);
        assertArrayEquals(text("key " + winner), store.storeKey().orElseThrow());
    }

    @Test
    void replaceStoreKey_tooLong_isRefused() {
        store.initialise(text("first"));
        byte[] tooLong = pattern(NamedKeyStore.MAX_STORE_KEY_BYTES + 1);
        assertThrows(IllegalArgumentException.class, () -> store.replaceStoreKey(text("first"), tooLong));
        assertArrayEquals(text("first"), store.storeKey().orElseThrow());
    }

    @Test
    void find_unknownName_isEmpty() {
        assertTrue(store.find("nobody").isEmpty());
        assertTrue(store.find("no such' name; --").isEmpty());
        assertTrue(store.nameOf(id("nobody", 1)).isEmpty());
    }

    @Test
    void apply_newKey_isFoundByAll() {
        StoredVersion one = version("orders", 1, 60);
        assertTrue(store.apply(change("orders", 0, 1, List.of(one))));
        for (NamedKeyStore handle : List.of(store, second)) {
            StoredKey found = handle.find("orders").orElseThrow();
            assertEquals("orders", found.name());
            assertEquals(1, found.generation());
            assertArrayEquals(text("orders 1"), found.manifest());
            assertVersions(List.of(one), found);
            assertEquals(Optional.of("orders"), handle.nameOf(one.id()));
            assertEquals(List.of("orders"), handle.names());
        }
    }

    @Test
    void apply_generationDiffers_changesNothing() {
        store.apply(change("orders", 0, 5, List.of(version("orders", 1, 60))));
        long before = store.revision();
        StoredVersion two = version("orders", 2, 60);
        assertFalse(second.apply(change("orders", 0, 6, List.of(two))), "there already");
        assertFalse(second.apply(change("orders", 4, 6, List.of(two))), "older");
        assertFalse(second.apply(change("orders", 6, 7, List.of(two))), "newer");
        assertFalse(second.apply(change("invoices", 1, 2, List.of(two))), "not there");
        assertEquals(before, store.revision());
        assertEquals(List.of("orders"), store.names());
        assertEquals(5, store.find("orders").orElseThrow().generation());
        assertTrue(store.nameOf(two.id()).isEmpty());
    }

    @Test
    void apply_nextGeneration_addsAndKeepsVersions() {
        StoredVersion one = version("orders", 1, 60);
        StoredVersion two = version("orders", 2, 3_000);
        store.apply(change("orders", 0, 1, List.of(one)));
        assertTrue(second.apply(change("orders", 1, 9, List.of(two))));
        StoredKey found = store.find("orders").orElseThrow();
        assertEquals(9, found.generation());
        assertArrayEquals(text("orders 9"), found.manifest());
        assertVersions(List.of(one, two), found);
    }

    @Test
    void apply_versionsPutOutOfOrder_areFoundSortedByNumber() {
        List<StoredVersion> put = new ArrayList<>();
        for (int number : new int[] {10, 2, 9, 1, 100}) {
            put.add(version("orders", number, 60));
        }
        store.apply(change("orders", 0, 1, put));
        StoredKey found = store.find("orders").orElseThrow();
        assertEquals(
                List.of(1, 2, 9, 10, 100),
                found.versions().stream().map(StoredVersion::number).toList());
    }

    @Test
    void apply_versionPutAgain_replacesItsWraps() {
        StoredVersion one = version("orders", 1, 60);
        store.apply(change("orders", 0, 1, List.of(one)));
        StoredVersion rewrapped = new StoredVersion(1, one.id(), pattern(200));
        assertTrue(store.apply(change("orders", 1, 2, List.of(rewrapped))));
        assertVersions(List.of(rewrapped), second.find("orders").orElseThrow());
    }

    @Test
    void apply_erase_removesMaterialAndKeepsTheName() {
        StoredVersion one = version("orders", 1, 60);
        StoredVersion two = version("orders", 2, 60);
        store.apply(change("orders", 0, 1, List.of(one, two)));
        assertTrue(store.apply(new KeyChange("orders", 1, 2, text("orders 2"), List.of(), List.of(1), null)));
        assertVersions(List.of(two), second.find("orders").orElseThrow());
        assertEquals(Optional.of("orders"), second.nameOf(one.id()), "so that opening can say it is destroyed");
        assertTrue(store.apply(new KeyChange("orders", 2, 3, text("orders 3"), List.of(), List.of(1, 2, 77), null)));
        assertVersions(List.of(), second.find("orders").orElseThrow());
        assertEquals(List.of("orders"), second.names(), "tombstone");
    }

    @Test
    void apply_idOfAnotherVersion_isRefusedWhole() {
        StoredVersion one = version("orders", 1, 60);
        store.apply(change("orders", 0, 1, List.of(one)));
        StoredVersion thief = new StoredVersion(1, one.id(), pattern(60));
        KeyChange otherKey = change("invoices", 0, 1, List.of(version("invoices", 2, 60), thief));
        assertThrows(IllegalArgumentException.class, () -> store.apply(otherKey));
        StoredVersion moved = new StoredVersion(2, one.id(), pattern(60));
        assertThrows(IllegalArgumentException.class, () -> store.apply(change("orders", 1, 2, List.of(moved))));
        StoredVersion renamed = new StoredVersion(1, id("other", 1), pattern(60));
        assertThrows(IllegalArgumentException.class, () -> store.apply(change("orders", 1, 2, List.of(renamed))));
        StoredVersion third = version("orders", 3, 60);
        StoredVersion fourth = new StoredVersion(4, third.id(), pattern(60));
        assertThrows(IllegalArgumentException.class, () -> store.apply(change("orders", 1, 2, List.of(third, fourth))));
        assertEquals(List.of("orders"), store.names());
        assertTrue(store.nameOf(id("invoices", 2)).isEmpty());
        assertEquals(1, store.find("orders").orElseThrow().generation());
        assertVersions(List.of(one), second.find("orders").orElseThrow());
    }

    @Test
    void apply_idOfAnErasedVersionOfAnotherKey_isRefused() {
        StoredVersion one = version("orders", 1, 60);
        store.apply(change("orders", 0, 1, List.of(one)));
        store.apply(new KeyChange("orders", 1, 2, text("orders 2"), List.of(), List.of(1), null));
        StoredVersion thief = new StoredVersion(1, one.id(), pattern(60));
        assertThrows(IllegalArgumentException.class, () -> store.apply(change("invoices", 0, 1, List.of(thief))));
    }

    @Test
    void apply_longest_isKept() {
        StoredVersion longest = version("orders", 1, StoredVersion.MAX_WRAPS_BYTES);
        byte[] manifest = pattern(StoredKey.MAX_MANIFEST_BYTES);
        assertTrue(store.apply(new KeyChange("orders", 0, 1, manifest, List.of(longest), List.of(), null)));
        StoredKey found = second.find("orders").orElseThrow();
        assertArrayEquals(manifest, found.manifest());
        assertVersions(List.of(longest), found);
    }

    @Test
    void apply_wrapsTooLongInAll_isRefusedWhole() {
        int fitting = StoredKey.MAX_TOTAL_WRAPS_BYTES / StoredVersion.MAX_WRAPS_BYTES;
        List<StoredVersion> put = new ArrayList<>();
        for (int number = 1; number <= fitting; number++) {
            put.add(version("orders", number, StoredVersion.MAX_WRAPS_BYTES));
        }
        assertTrue(store.apply(change("orders", 0, 1, put)));
        KeyChange oneByteMore = change("orders", 1, 2, List.of(version("orders", fitting + 1, 1)));
        assertThrows(IllegalArgumentException.class, () -> store.apply(oneByteMore));
        StoredKey found = store.find("orders").orElseThrow();
        assertEquals(1, found.generation());
        assertEquals(fitting, found.versions().size());
    }

    @Test
    void apply_emptyManifest_isKept() {
        assertTrue(store.apply(new KeyChange("orders", 0, 1, new byte[0], List.of(), List.of(), null)));
        assertEquals(0, second.find("orders").orElseThrow().manifest().length);
    }

    @Test
    void apply_sameNewKeyManyAtOnce_exactlyOneWins() throws Exception {
        List<Boolean> results = atOnce(i -> () -> handle(i)
                .apply(new KeyChange(
                        "orders", 0, 1, text("by " + i), List.of(version("orders by " + i, 1, 500)), List.of(), null)));
        assertEquals(1, results.stream().filter(won -> won).count());
        int winner = results.indexOf(true);
        StoredKey found = store.find("orders").orElseThrow();
        assertArrayEquals(text("by " + winner), found.manifest());
        assertVersions(List.of(version("orders by " + winner, 1, 500)), found);
    }

    @Test
    void apply_sameGenerationManyAtOnce_exactlyOneWinsEachRound() throws Exception {
        store.apply(change("orders", 0, 1, List.of(version("orders", 1, 60))));
        for (int round = 1; round <= 10; round++) {
            long generation = round;
            List<Boolean> results = atOnce(i -> () -> handle(i)
                    .apply(new KeyChange(
                            "orders",
                            generation,
                            generation + 1,
                            text("by " + i),
                            List.of(version("by " + i + " in " + generation, (int) generation + 1, 60)),
                            List.of(),
                            null)));
            assertEquals(1, results.stream().filter(won -> won).count(), "round " + round);
            StoredKey found = second.find("orders").orElseThrow();
            assertArrayEquals(text("by " + results.indexOf(true)), found.manifest());
            assertEquals(round + 1, found.versions().size());
        }
    }

    @Test
    void apply_differentKeysManyAtOnce_allSucceed() throws Exception {
        long before = store.revision();
        List<Boolean> results =
                atOnce(i -> () -> handle(i).apply(change("key-" + i, 0, 1, List.of(version("key-" + i, 1, 60)))));
        assertFalse(results.contains(false));
        assertEquals(THREADS, store.names().size());
        assertNotEquals(before, store.revision());
    }

    @Test
    void find_whileTheKeyChanges_seesOneMoment() throws Exception {
        store.apply(change("orders", 0, 1, List.of(version("orders", 1, 60))));
        int last = 60;
        CyclicBarrier barrier = new CyclicBarrier(2);
        ExecutorService threads = Executors.newFixedThreadPool(1);
        try {
            Future<?> writer = threads.submit(() -> {
                barrier.await();
                for (int n = 1; n < last; n++) {
                    // Version n + 1 comes and version n goes in the change that makes generation n + 1.
                    assertTrue(second.apply(new KeyChange(
                            "orders",
                            n,
                            n + 1,
                            text("orders " + (n + 1)),
                            List.of(version("orders", n + 1, 60)),
                            List.of(n),
                            null)));
                }
                return null;
            });
            barrier.await();
            long seen = 0;
            while (seen < last) {
                StoredKey found = store.find("orders").orElseThrow();
                assertTrue(found.generation() >= seen, "never back");
                seen = found.generation();
                assertArrayEquals(text("orders " + seen), found.manifest());
                assertVersions(List.of(version("orders", (int) seen, 60)), found);
                if (writer.isDone()) {
                    writer.get();
                }
            }
            writer.get();
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void revision_everyChange_differsFromAllBefore() {
        Set<Long> seen = new HashSet<>();
        assertTrue(seen.add(store.revision()));
        store.initialise(text("first"));
        assertTrue(seen.add(second.revision()));
        for (int generation = 0; generation < 5; generation++) {
            NamedKeyStore handle = handle(generation);
            handle.apply(change("orders", generation, generation + 1, List.of(version("orders", generation + 1, 60))));
            assertTrue(seen.add(store.revision()));
            assertEquals(store.revision(), second.revision());
        }
    }

    @Test
    void differing_someChangedOrMissing_tellsThose() {
        for (String name : List.of("a", "b", "c")) {
            store.apply(change(name, 0, 3, List.of()));
        }
        second.apply(change("b", 3, 4, List.of()));
        assertEquals(Set.of(), store.differing(Map.of()));
        assertEquals(Set.of(), store.differing(Map.of("a", 3L, "b", 4L, "c", 3L)));
        assertEquals(Set.of("b", "c", "nobody"), store.differing(Map.of("a", 3L, "b", 3L, "c", 9L, "nobody", 1L)));
    }

    @Test
    void names_createdInAnyOrder_areSorted() {
        for (String name : List.of("b", "a.1", "Z", "a-1", "a_1", "0", "a")) {
            store.apply(change(name, 0, 1, List.of()));
        }
        assertEquals(List.of("0", "Z", "a", "a-1", "a.1", "a_1", "b"), second.names());
    }

    @Test
    void find_resultChangedByCaller_storeKeepsItsOwn() {
        StoredVersion one = version("orders", 1, 60);
        byte[] wraps = one.wraps().clone();
        store.apply(change("orders", 0, 1, List.of(one)));
        Arrays.fill(one.wraps(), (byte) 0);
        StoredKey found = store.find("orders").orElseThrow();
        assertArrayEquals(wraps, found.versions().get(0).wraps());
        Arrays.fill(found.versions().get(0).wraps(), (byte) 0);
        assertArrayEquals(
                wraps, store.find("orders").orElseThrow().versions().get(0).wraps());
    }

    @Test
    void due_severalKeys_thoseWhoseTimeHasComeInItsOrder() {
        Instant noon = Instant.parse("2026-01-01T12:00:00.001Z");
        store.apply(dueAt("later", 0, noon.plusMillis(1)));
        store.apply(dueAt("never", 0, null));
        store.apply(dueAt("just-now", 0, noon));
        store.apply(dueAt("long-ago", 0, Instant.EPOCH));
        store.apply(dueAt("a-day-ago", 0, noon.minus(Duration.ofDays(1))));
        assertEquals(List.of("long-ago", "a-day-ago", "just-now"), second.due(noon, 100));
        assertEquals(List.of("long-ago", "a-day-ago"), second.due(noon, 2));
        assertEquals(List.of(), second.due(Instant.EPOCH.minusMillis(1), 100));
        store.apply(dueAt("long-ago", 1, null));
        store.apply(dueAt("never", 1, noon));
        assertEquals(List.of("a-day-ago", "just-now", "never"), second.due(noon, 100));
    }

    @Test
    void readAll_emptyStore_showsNothing() {
        Shown shown = new Shown();
        store.readAll(shown);
        assertEquals(0, shown.storeKeys.size());
        assertEquals(Set.of(), shown.keys.keySet());
    }

    @Test
    void readAll_manyKeys_showsEachOnceWithItsVersions() {
        store.initialise(text("first"));
        Map<String, List<StoredVersion>> expected = new HashMap<>();
        for (int i = 0; i < 2_500; i++) {
            String name = (i % 2 == 0 ? "Key-" : "key.") + i;
            List<StoredVersion> versions = i % 3 == 0 ? List.of() : List.of(version(name, 1, 60), version(name, 2, 60));
            expected.put(name, versions);
        }
        List<KeyReplacement> all = new ArrayList<>();
        expected.forEach(
                (name, versions) -> all.add(new KeyReplacement(name, 0, 1, text(name), versions, List.of(), null)));
        assertTrue(store.replace(all));
        Shown shown = new Shown();
        second.readAll(shown);
        assertEquals(1, shown.storeKeys.size());
        assertArrayEquals(text("first"), shown.storeKeys.get(0));
        assertEquals(expected.keySet(), shown.keys.keySet());
        assertEquals(expected.size(), shown.count);
        expected.forEach((name, versions) -> {
            StoredKey key = Objects.requireNonNull(shown.keys.get(name));
            assertArrayEquals(text(name), key.manifest());
            assertVersions(versions, key);
        });
    }

    @Test
    void readAll_changedMeanwhile_showsWhatItWas() {
        store.initialise(text("first"));
        List<String> names = List.of("a", "b", "c", "d");
        names.forEach(name -> store.apply(change(name, 0, 1, List.of(version(name, 1, 60)))));
        Set<String> shown = new HashSet<>();
        second.readAll(new StoreReader() {
            @Override
            public void storeKey(byte[] sealed) {
                names.forEach(name -> assertTrue(store.apply(change(name, 1, 2, List.of(version(name, 2, 60))))));
                assertTrue(store.apply(change("e", 0, 1, List.of())));
            }

            @Override
            public void key(StoredKey key) {
                assertEquals(1, key.generation(), key.name());
                assertEquals(1, key.versions().size(), key.name());
                shown.add(key.name());
            }
        });
        assertEquals(Set.copyOf(names), shown);
        assertEquals(2, store.find("a").orElseThrow().generation());
    }

    @Test
    void readAll_readerThrows_isThrownAndTheStoreGoesOn() {
        store.apply(change("orders", 0, 1, List.of(version("orders", 1, 60))));
        IllegalStateException mine = new IllegalStateException("enough");
        StoreReader failing = new Shown() {
            @Override
            public void key(StoredKey key) {
                throw mine;
            }
        };
        assertSame(mine, assertThrows(IllegalStateException.class, () -> store.readAll(failing)));
        assertTrue(store.apply(change("orders", 1, 2, List.of())));
        assertEquals(2, store.find("orders").orElseThrow().generation());
    }

    @Test
    void replace_emptyPlace_isWholeAndTombstonesKeepTheirIds() {
        long before = store.revision();
        StoredVersion two = version("orders", 2, 60);
        ErasedVersion one = new ErasedVersion(1, id("orders", 1));
        assertTrue(store.replace(
                List.of(new KeyReplacement("orders", 0, 9, text("m"), List.of(two), List.of(one), null))));
        assertNotEquals(before, store.revision());
        StoredKey found = second.find("orders").orElseThrow();
        assertEquals(9, found.generation());
        assertArrayEquals(text("m"), found.manifest());
        assertVersions(List.of(two), found);
        assertEquals(Optional.of("orders"), second.nameOf(one.id()));
        assertEquals(Optional.of("orders"), second.nameOf(two.id()));
        assertFalse(
                store.apply(change("orders", 8, 10, List.of())),
                "the generation is that of the replacement, not another");
    }

    @Test
    void replace_otherVersions_leavesNothingOfThoseBefore() {
        Instant noon = Instant.parse("2030-01-01T12:00:00Z");
        store.apply(new KeyChange(
                "orders",
                0,
                3,
                text("old"),
                List.of(version("orders", 1, 60), version("orders", 2, 80)),
                List.of(),
                noon));
        StoredVersion moved = new StoredVersion(2, id("orders", 1), pattern(70));
        StoredVersion fresh = new StoredVersion(1, id("other", 1), pattern(50));
        assertTrue(store.replace(
                List.of(new KeyReplacement("orders", 3, 4, text("new"), List.of(fresh, moved), List.of(), null))));
        StoredKey found = second.find("orders").orElseThrow();
        assertVersions(List.of(fresh, moved), found);
        assertTrue(second.nameOf(id("orders", 2)).isEmpty(), "the version that was dropped");
        assertEquals(Optional.of("orders"), second.nameOf(id("orders", 1)));
        assertEquals(List.of(), second.due(noon, 10));
    }

    @Test
    void replace_oneIsErasedNow_itsWrapsAreGone() {
        StoredVersion one = version("orders", 1, 60);
        StoredVersion two = version("orders", 2, 60);
        store.apply(change("orders", 0, 1, List.of(one, two)));
        assertTrue(store.replace(List.of(new KeyReplacement(
                "orders", 1, 2, text("new"), List.of(two), List.of(new ErasedVersion(1, one.id())), null))));
        assertVersions(List.of(two), second.find("orders").orElseThrow());
        assertEquals(Optional.of("orders"), second.nameOf(one.id()));
    }

    @Test
    void replace_oneGenerationDiffers_changesNothing() {
        store.apply(change("orders", 0, 5, List.of(version("orders", 1, 60))));
        long before = store.revision();
        KeyReplacement good =
                new KeyReplacement("invoices", 0, 1, text("m"), List.of(version("invoices", 1, 60)), List.of(), null);
        KeyReplacement stale = new KeyReplacement("orders", 4, 9, text("m"), List.of(), List.of(), null);
        assertFalse(store.replace(List.of(good, stale)));
        assertEquals(List.of("orders"), store.names());
        assertEquals(before, store.revision());
        KeyReplacement whatever =
                new KeyReplacement("orders", KeyReplacement.ANY_GENERATION, 9, text("m"), List.of(), List.of(), null);
        assertTrue(store.replace(List.of(good, whatever)));
        assertEquals(List.of("invoices", "orders"), store.names());
        assertEquals(9, second.find("orders").orElseThrow().generation());
    }

    @Test
    void replace_idOfAnotherKey_isRefusedAndChangesNothing() {
        StoredVersion one = version("orders", 1, 60);
        store.apply(change("orders", 0, 1, List.of(one)));
        KeyReplacement live = new KeyReplacement("invoices", 0, 1, text("m"), List.of(one), List.of(), null);
        KeyReplacement erased = new KeyReplacement(
                "invoices", 0, 1, text("m"), List.of(), List.of(new ErasedVersion(1, one.id())), null);
        assertThrows(IllegalArgumentException.class, () -> store.replace(List.of(live)));
        assertThrows(IllegalArgumentException.class, () -> store.replace(List.of(erased)));
        assertEquals(List.of("orders"), second.names());
        assertVersions(List.of(one), second.find("orders").orElseThrow());
    }

    /** What a store showed. */
    private static class Shown implements StoreReader {
        final List<byte[]> storeKeys = new ArrayList<>();
        final Map<String, StoredKey> keys = new HashMap<>();
        int count;

        @Override
        public void storeKey(byte[] sealed) {
            storeKeys.add(sealed);
        }

        @Override
        public void key(StoredKey key) {
            count++;
            keys.put(key.name(), key);
        }
    }

    @Test
    void claim_free_isTheHoldersUntilItIsReleased() {
        long before = store.revision();
        WorkClaim mine = claim("rotate orders", "one", Duration.ofMinutes(1));
        WorkClaim theirs = claim("rotate orders", "two", Duration.ofMinutes(1));
        assertTrue(store.claim(mine));
        assertFalse(second.claim(theirs));
        assertTrue(second.claim(claim("rotate invoices", "two", Duration.ofMinutes(1))), "other work");
        assertTrue(store.claim(mine), "again, for longer");
        assertFalse(second.release(theirs), "not theirs to give back");
        assertFalse(second.claim(theirs));
        assertTrue(store.release(mine));
        assertFalse(store.release(mine), "given back already");
        assertTrue(second.claim(theirs));
        assertFalse(store.claim(mine));
        assertEquals(before, store.revision(), "claims are no changes");
    }

    @Test
    void claim_leaseRanOut_isAnybodys() throws Exception {
        WorkClaim mine = claim("rotate orders", "one", Duration.ofMillis(50));
        WorkClaim theirs = claim("rotate orders", "two", Duration.ofMinutes(1));
        assertTrue(store.claim(mine));
        long begun = System.nanoTime();
        while (!second.claim(theirs)) {
            assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(10), "the lease does not end");
            Thread.sleep(5);
        }
        assertFalse(store.release(mine), "lost");
        assertFalse(store.claim(mine));
    }

    @Test
    void claim_leaseBegunAnew_outlastsTheFirst() throws Exception {
        assertTrue(store.claim(claim("rotate orders", "one", Duration.ofMillis(50))));
        assertTrue(store.claim(claim("rotate orders", "one", WorkClaim.MAX_LEASE)));
        Thread.sleep(100);
        assertFalse(second.claim(claim("rotate orders", "two", Duration.ofMinutes(1))));
    }

    @Test
    void claim_manyAtOnce_exactlyOneWins() throws Exception {
        for (int round = 0; round < 5; round++) {
            String work = "round " + round;
            List<Boolean> results =
                    atOnce(i -> () -> handle(i).claim(claim(work, "holder " + i, Duration.ofMinutes(1))));
            assertEquals(1, results.stream().filter(won -> won).count(), work);
        }
    }

    @Test
    void everyMethod_interruptedBefore_worksAndKeepsTheFlag() {
        Thread.currentThread().interrupt();
        try {
            store.initialise(text("first"));
            assertTrue(store.apply(change("orders", 0, 1, List.of(version("orders", 1, 60)))));
            assertTrue(store.find("orders").isPresent());
            assertTrue(Thread.currentThread().isInterrupted());
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void everyMethod_afterClose_throwsClosed() {
        NamedKeyStore handle = store;
        handle.initialise(text("first"));
        handle.close();
        handle.close();
        assertThrows(ClosedException.class, handle::storeKey);
        assertThrows(ClosedException.class, () -> handle.initialise(text("first")));
        assertThrows(ClosedException.class, () -> handle.replaceStoreKey(text("first"), text("second")));
        assertThrows(ClosedException.class, handle::revision);
        assertThrows(ClosedException.class, handle::names);
        assertThrows(ClosedException.class, () -> handle.find("orders"));
        assertThrows(ClosedException.class, () -> handle.nameOf(id("orders", 1)));
        assertThrows(ClosedException.class, () -> handle.apply(change("orders", 0, 1, List.of())));
        assertThrows(ClosedException.class, () -> handle.readAll(new Shown()));
        assertThrows(ClosedException.class, () -> handle.replace(List.of()));
        assertThrows(ClosedException.class, () -> handle.due(Instant.now(), 1));
        WorkClaim claim = claim("rotate orders", "one", Duration.ofMinutes(1));
        assertThrows(ClosedException.class, () -> handle.claim(claim));
        assertThrows(ClosedException.class, () -> handle.release(claim));
        assertFalse(handle.describe().isEmpty());
    }

    @Test
    void describe_always_isOneLine() {
        assertEquals(1, store.describe().lines().count());
    }

    private NamedKeyStore handle(int thread) {
        return thread % 2 == 0 ? store : second;
    }

    private interface TaskFactory<T> {
        Callable<T> task(int thread);
    }

    /** Runs a task in each of several threads, which a barrier lets go together. */
    private static <T> List<T> atOnce(TaskFactory<T> factory) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            CyclicBarrier barrier = new CyclicBarrier(THREADS);
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Callable<T> task = factory.task(i);
                futures.add(threads.submit(() -> {
                    barrier.await(10, TimeUnit.SECONDS);
                    return task.call();
                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    private static void assertVersions(List<StoredVersion> expected, StoredKey found) {
        assertEquals(
                expected.stream().map(StoredVersion::number).toList(),
                found.versions().stream().map(StoredVersion::number).toList());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i).id(), found.versions().get(i).id());
            assertArrayEquals(expected.get(i).wraps(), found.versions().get(i).wraps());
        }
    }

    private static KeyChange dueAt(String name, long generation, @Nullable Instant dueAt) {
        return new KeyChange(name, generation, generation + 1, text(name), List.of(), List.of(), dueAt);
    }

    private static WorkClaim claim(String work, String holder, Duration lease) {
        return new WorkClaim(work, holder, lease);
    }

    private static KeyChange change(String name, long from, long to, List<StoredVersion> put) {
        return new KeyChange(name, from, to, text(name + " " + to), put, List.of(), null);
    }

    private static StoredVersion version(String seed, int number, int bytes) {
        byte[] wraps = pattern(bytes);
        wraps[0] = (byte) number;
        return new StoredVersion(number, id(seed, number), wraps);
    }

    private static byte[] id(String seed, int number) {
        return ByteBuffer.allocate(StoredVersion.ID_BYTES)
                .putInt(number)
                .putInt(seed.hashCode())
                .putInt(7 * seed.hashCode())
                .putInt(seed.length())
                .array();
    }

    private static byte[] pattern(int bytes) {
        byte[] pattern = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            pattern[i] = (byte) (i * 31 + (i >> 8));
        }
        return pattern;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
