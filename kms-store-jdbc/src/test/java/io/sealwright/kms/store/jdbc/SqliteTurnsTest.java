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

    @Test
    @Timeout(120)
    void apply_fourProcessesWithoutPause_eachHasItsShare() throws Exception {
        String url = StoreKind.SQLITE.fresh(folder);
        StoreKind.open(url).close();
        List<ChildJvm> children = new ArrayList<>();
        try {
            for (int i = 0; i < PROCESSES; i++) {
                children.add(new ChildJvm(TurnsChild.class, url, "key-" + i, Integer.toString(SECONDS)));
            }
            for (ChildJvm child : children) {
                assertThat(child.line()).isEqualTo("ready");
            }
            children.forEach(child -> child.tell(""));
            List<Long> changes = new ArrayList<>();
            List<Long> waits = new ArrayList<>();
            for (ChildJvm child : children) {
                String[] words = child.line().split(" ");
                changes.add(Long.parseLong(words[0]));
                waits.add(Long.parseLong(words[1]));
            }
            System.out.println(
                    "4 processes in " + SECONDS + " s: changes " + changes + ", longest waits " + waits + " ms");
            long fair = changes.stream().mapToLong(Long::longValue).sum() / PROCESSES;
            assertThat(changes).allSatisfy(one -> assertThat(one).isGreaterThan(fair / 2));
            assertThat(waits).allSatisfy(one -> assertThat(one).isLessThan(2_000));
        } finally {
            children.forEach(ChildJvm::close);
        }
    }
}
