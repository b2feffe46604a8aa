package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.testbed.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that write to one SQLite file as fast as they can: none of them waits while the others go on and on. */
class SqliteTurnsTest {
    private static final int PROCESSES = 4;
    private static final int SECONDS = 5;

    /** One that was given no time when it wanted to begin misses a few. */
    private static final int MOST_OTHERS = 30;

    /** What a {@link TurnsChild} says. */
    private record Share(long changes, long inTurn, long mostOthers, long longestMillis) {
        static Share of(String line) {
            String[] words = line.split(" ");
            return new Share(
                    Long.parseLong(words[0]),
                    Long.parseLong(words[1]),
                    Long.parseLong(words[2]),
                    Long.parseLong(words[3]));
        }
    }

    @TempDir
    Path folder;

    @Test
    @Timeout(30)
    void await_frontTaken_endsAfterAWhileOrByInterrupt() {
        Path file = folder.resolve("turn");
        try (Turns first = new Turns(file);
                Turns second = new Turns(file)) {
            Turns.Place front = first.await();
            long begun = System.nanoTime();
            second.await().close();
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            Thread.currentThread().interrupt();
            second.await().close();
            assertThat(Thread.interrupted()).isTrue();
            front.close();
            // An interrupt leaves the file open: what it stands for keeps others waiting.
            Turns.Place again = second.await();
            begun = System.nanoTime();
            first.await().close();
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            again.close();
        }
    }

    /**
     * By what the others did between two changes of one, not by the clock: how long a change takes is the disk's affair, and
     * SQLite alone lets a process make most of its changes in a row.
     */
    @Test
    @Timeout(120)
    void apply_fourProcessesWithoutPause_eachHasItsShare() throws Exception {
        String url = StoreKind.SQLITE.fresh(folder);
        StoreKind.open(url).close();
        List<ChildJvm> children = new ArrayList<>();
        try {
            for (int i = 0; i < PROCESSES; i++) {
                children.add(new ChildJvm(
                        TurnsChild.class, url, "key-" + i, Integer.toString(SECONDS), Integer.toString(PROCESSES - 1)));
            }
            for (ChildJvm child : children) {
                assertThat(child.line()).isEqualTo("ready");
            }
            children.forEach(child -> child.tell(""));
            List<Share> shares = new ArrayList<>();
            for (ChildJvm child : children) {
                shares.add(Share.of(child.line()));
            }
            System.out.println(PROCESSES + " processes in " + SECONDS + " s: " + shares);
            long fair = shares.stream().mapToLong(Share::changes).sum() / PROCESSES;
            assertThat(shares).allSatisfy(share -> {
                assertThat(share.changes()).isGreaterThan(fair / 2);
                assertThat(share.inTurn()).as("in turn").isGreaterThanOrEqualTo(share.changes() * 3 / 4);
                assertThat(share.mostOthers())
                        .as("others in between")
                        .isLessThanOrEqualTo(Math.max(MOST_OTHERS, fair / 4));
            });
        } finally {
            children.forEach(ChildJvm::close);
        }
    }
}
