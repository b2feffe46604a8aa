package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two processes change one store without pause and are killed by SIGKILL; what they had acknowledged must be there, and
 * nothing half done. 100 kills, scaled by the system property {@code kms.proof}, at least 5.
 */
class JdbcKeyStoreKillStress {
    private static final int KILLS = Proof.of(100, 5);

    @TempDir
    Path folder;

    private final Random random = new Random(20260101);

    /** What a child last acknowledged and what it had open, by key. */
    private final Map<String, Long> acknowledged = new HashMap<>();

    private final Map<String, Long> open = new HashMap<>();

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void apply_processesKilledWithinChanges_nothingAcknowledgedIsLostAndNothingIsHalf(StoreKind kind) throws Exception {
        String url = kind.fresh(folder);
        int mostNanos = kind == StoreKind.SQLITE ? 500_000 : 2_000_000;
        int kills = 0;
        int withinChange = 0;
        int acknowledgements = 0;
        // Where a kill falls is chance, and on a loaded machine many come late: as many as it takes.
        while (kills < KILLS || (withinChange < (KILLS + 1) / 2 && kills < 20 * KILLS)) {
            open.clear();
            try (ChildJvm a = new ChildJvm(StoreChild.class, url, "a");
                    ChildJvm b = new ChildJvm(StoreChild.class, url, "b")) {
                List<String> fromA = a.upTo("open");
                List<String> fromB = b.upTo("open");
                fromA.addAll(a.upTo("done"));
                fromB.addAll(b.upTo("done"));
                // After some changes, and then at any point of one.
                for (int i = random.nextInt(20); i > 0; i--) {
                    fromA.addAll(a.upTo("begin"));
                }
                a.killWithinChange(fromA, random, mostNanos);
                b.killWithinChange(fromB, random, mostNanos);
                kills += 2;
                fromA.addAll(a.rest());
                fromB.addAll(b.rest());
                for (List<String> lines : List.of(fromA, fromB)) {
                    withinChange += follow(lines) ? 1 : 0;
                    acknowledgements += (int) lines.stream()
                            .filter(line -> line.startsWith("done "))
                            .count();
                }
            }
            check(url);
        }
        System.out.println(kind + ": killed " + kills + " processes, " + withinChange
                + " of them within a change, after " + acknowledgements + " acknowledged changes");
        assertThat(withinChange).as("kills within a change").isGreaterThanOrEqualTo((KILLS + 1) / 2);
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void sqlite_processesKilledWhileTheyMakeTheStore_nextOneOpensIt() throws Exception {
        int kills = 0;
        int unfinished = 0;
        while (kills < KILLS) {
            Path file = folder.resolve("young-" + kills + ".db");
            try (ChildJvm a = new ChildJvm(StoreChild.class, "jdbc:sqlite:" + file, "a");
                    ChildJvm b = new ChildJvm(StoreChild.class, "jdbc:sqlite:" + file, "b")) {
                a.upTo("opening");
                long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                // Not empty any more: one of them is at work.
                while ((!Files.exists(file) || Files.size(file) == 0) && System.nanoTime() < limit) {
                    Thread.onSpinWait();
                }
                TimeUnit.MICROSECONDS.sleep(random.nextInt(60_000));
                a.kill();
                b.kill();
                kills += 2;
                List<String> lines = a.rest();
                unfinished += lines.contains("open") ? 0 : 1;
                lines.addAll(b.rest());
                assertThat(lines).allMatch(line -> line.matches("(opening|open|(begin|done|lost) .*)"));
            }
            try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
                byte[] sealed = store.initialise(new byte[] {1});
                assertThat(store.storeKey())
                        .hasValueSatisfying(there -> assertThat(there).isEqualTo(sealed));
            }
        }
        System.out.println("killed " + kills + " processes near the making of a store, " + unfinished + " of "
                + kills / 2 + " watched ones before it was open");
    }

    /** Notes what the lines acknowledge; returns whether a change was open at the end. */
    private boolean follow(List<String> lines) {
        for (String line : lines) {
            String[] words = line.split(" ");
            if (words[0].equals("done")) {
                acknowledged.merge(words[1], Long.parseLong(words[2]), Math::max);
            }
        }
        String[] last = lines.get(lines.size() - 1).split(" ");
        if (!last[0].equals("begin")) {
            return false;
        }
        open.merge(last[1], Long.parseLong(last[2]), Math::max);
        return true;
    }

    private void check(String url) throws Exception {
        try (NamedKeyStore store = StoreKind.open(url)) {
            assertThat(store.names()).containsAll(acknowledged.keySet());
            long generations = 0;
            for (String name : store.names()) {
                StoredKey key = store.find(name).orElseThrow();
                long least = acknowledged.getOrDefault(name, 0L);
                assertThat(key.generation())
                        .as("generation of %s: acknowledged, or that of the change that was open", name)
                        .isBetween(least, Math.max(least, open.getOrDefault(name, 0L)));
                assertThat(key.manifest())
                        .as("manifest of %s against its versions", name)
                        .isEqualTo(StoreChild.manifest(key.generation(), key.versions()));
                for (StoredVersion version : key.versions()) {
                    assertThat(store.nameOf(version.id())).contains(name);
                }
                // What was open and came through counts as acknowledged from now on.
                acknowledged.put(name, key.generation());
                generations += key.generation();
            }
            assertThat(store.revision())
                    .as("one for the store key, one a change")
                    .isEqualTo(generations + 1);
        }
        if (!url.startsWith("jdbc:sqlite:")) {
            return;
        }
        try (Connection connection = DriverManager.getConnection(url)) {
            assertThat(Sql.list(connection, "PRAGMA integrity_check", row -> row.getString(1)))
                    .containsExactly("ok");
        }
    }
}
