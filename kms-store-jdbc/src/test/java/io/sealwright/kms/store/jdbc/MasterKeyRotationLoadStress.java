package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testbed.TestPostgres;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The master key is rotated every few seconds, and everything stored re-wrapped, while three processes seal, open what the
 * others sealed, and make and rotate named keys. No call fails, every message opens, in the end too, and no stored key is
 * left under an old version. Whole: ten minutes; scaled by the system property {@code kms.proof}, at least 20 seconds.
 */
class MasterKeyRotationLoadStress {
    private static final Duration LONG = Proof.of(Duration.ofMinutes(10), Duration.ofSeconds(20));

    @TempDir
    Path home;

    private final Random random = new Random(7);
    private final List<String> failures = new ArrayList<>();
    private final List<String> kept = new ArrayList<>();
    private long tokens;
    private int rotations;
    private int rewrapped;

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void rotate_underLoadOnSqlite_failsNoCallAndLosesNoMessage() throws Exception {
        run("jdbc:sqlite:" + home.resolve("store.db"));
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void rotate_underLoadOnPostgres_failsNoCallAndLosesNoMessage() throws Exception {
        run(TestPostgres.shared().freshSchema());
    }

    private void run(String url) throws Exception {
        Path made = home.resolve("made");
        KeyManager.embedded(made).close();
        Files.move(made.resolve("local"), home.resolve("local"));
        List<String> ends = new ArrayList<>();
        try (KeyManager kms = open(url);
                ChildJvm a = child(url, "a");
                ChildJvm b = child(url, "b");
                ChildJvm c = child(url, "c")) {
            List<ChildJvm> children = List.of(a, b, c);
            for (ChildJvm child : children) {
                child.upTo("open");
            }
            work(kms, children);
            for (ChildJvm child : children) {
                child.tell("end");
                for (String line : child.upTo("end ")) {
                    follow(line, child, List.of());
                    if (line.startsWith("end ")) {
                        ends.add(line);
                    }
                }
            }
            assertThat(failures).isEmpty();
            checkRetired(kms);
        }
        try (KeyManager fresh = open(url)) {
            for (String token : kept) {
                assertThat(fresh.decrypt(token).toText()).isEqualTo("text");
            }
        }
        System.out.println(rotations + " rotations of the master key on " + url.split(":")[1] + ", " + rewrapped
                + " keys re-wrapped, " + tokens + " messages by three processes, " + kept.size()
                + " of them opened in the end; sealed, opened, changed: " + ends);
        assertThat(rotations).as("rotations").isGreaterThanOrEqualTo(3);
        assertThat(tokens).as("messages").isGreaterThan(100);
    }

    private void work(KeyManager kms, List<ChildJvm> children) throws Exception {
        long end = System.nanoTime() + LONG.toNanos();
        long next = System.nanoTime();
        while (System.nanoTime() < end || rotations < 3) {
            if (System.nanoTime() >= next) {
                kms.masterKeys().rotate("local://default");
                Rewrapped result = kms.masterKeys().rewrapStored(Progress.NONE);
                assertThat(result.failed()).isEmpty();
                rotations++;
                rewrapped += result.done();
                next = System.nanoTime()
                        + Duration.ofMillis(3_000 + random.nextInt(1_000)).toNanos();
            }
            for (ChildJvm child : children) {
                // Some of each, so that no process is left behind by the others' chatter.
                for (int i = 0; i < 200 && !child.isRead(); i++) {
                    follow(child.line(), child, children);
                }
            }
        }
    }

    private void follow(String line, ChildJvm from, List<ChildJvm> children) {
        if (line.startsWith("failed")) {
            failures.add(line);
        } else if (line.startsWith("token ")) {
            String token = line.substring("token ".length());
            tokens++;
            if (tokens % 10 == 0) {
                kept.add(token);
            }
            if (tokens % 3 == 0) {
                children.stream().filter(child -> child != from).forEach(child -> child.tell(token));
            }
        }
    }

    /** Once nobody works, one more pass leaves no version in use but the newest. */
    private void checkRetired(KeyManager kms) {
        assertThat(kms.masterKeys().rewrapStored(Progress.NONE).failed()).isEmpty();
        Examined examined = kms.masterKeys().examineStored(Progress.NONE);
        assertThat(examined.problems()).isEmpty();
        assertThat(examined.outdated()).isZero();
        assertThat(examined.unknown()).isZero();
        assertThat(examined.uses()).singleElement().satisfies(use -> {
            assertThat(use.newest()).isTrue();
            assertThat(use.version()).isEqualTo(Integer.toString(rotations + 1));
        });
    }

    private ChildJvm child(String url, String suffix) throws Exception {
        return new ChildJvm(MasterKeyLoadChild.class, home.toString(), url, suffix);
    }

    private KeyManager open(String url) {
        return KeyManager.builder()
                .home(home)
                .masterKey("local://default")
                .store(JdbcKeyStore.of(StoreAddress.of(url)))
                .build();
    }
}
