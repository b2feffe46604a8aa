package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testbed.TestPostgres;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that rotates the master key and re-wraps every stored key is killed by SIGKILL, most often within a write. The
 * next one goes on where it stopped: no key is re-wrapped twice in one rotation, none is lost, and every message that was
 * sealed before opens. Whole: 20 kills over 10,000 keys; scaled by the system property {@code kms.proof}, at least 5 kills
 * and 100 keys.
 */
class MasterKeyRotationKillStress {
    private static final int KILLS = Proof.of(20, 5);
    private static final int KEYS = Proof.of(10_000, 100);

    @TempDir
    Path home;

    private final Random random = new Random(20261121);
    private final Map<String, String> tokens = new LinkedHashMap<>();
    private final List<String> underMasterKey = new ArrayList<>();
    private final Set<String> doneInRotation = new HashSet<>();
    private int within;
    private int resumed;
    private int finished;

    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void rotate_killedOnSqlite_isFinishedByTheNextAndLosesNothing() throws Exception {
        run("jdbc:sqlite:" + home.resolve("store.db"));
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void rotate_killedOnPostgres_isFinishedByTheNextAndLosesNothing() throws Exception {
        run(TestPostgres.shared().freshSchema());
    }

    private void run(String url) throws Exception {
        fill(url);
        int kills = 0;
        // Where a kill falls is chance, and on a loaded machine many come late: as many as it takes.
        while (kills < KILLS || (within < (KILLS + 1) / 2 && kills < 20 * KILLS)) {
            try (ChildJvm child = new ChildJvm(MasterKeyRotationChild.class, home.toString(), url)) {
                List<String> lines = child.upTo("open");
                for (int i = random.nextInt(Math.max(2, KEYS / 4)); i > 0; i--) {
                    lines.addAll(child.upTo("begin"));
                }
                child.killWithinChange(lines, random, 3_000_000);
                lines.addAll(child.rest());
                follow(lines);
                kills++;
            }
            check(url, KEYS > 1_000 ? 50 : 1);
        }
        finish(url);
        check(url, 1);
        System.out.println("killed " + kills + " rotations of " + KEYS + " keys on " + url.split(":")[1] + ", " + within
                + " of them within a write, " + resumed + " times one that was killed was gone on with, " + finished
                + " rotations came to their end meanwhile");
        assertThat(within).as("kills within a write").isGreaterThanOrEqualTo((KILLS + 1) / 2);
        assertThat(resumed).as("rotations gone on with").isPositive();
    }

    private void fill(String url) {
        Path made = home.resolve("made");
        KeyManager.embedded(made).close();
        try {
            Files.move(made.resolve("local"), home.resolve("local"));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        try (KeyManager kms = open(url)) {
            for (int i = 0; i < KEYS; i++) {
                NamedKey key = kms.keys().create("key-" + i, KeySpec.AES_256);
                tokens.put(key.name(), kms.encrypt(key.name()).key(key.name()).toToken());
                if (i % 10 == 0) {
                    key.rotate();
                }
            }
            for (int i = 0; i < 10; i++) {
                underMasterKey.add(kms.encrypt("under the master key").toToken());
            }
        }
    }

    private KeyManager open(String url) {
        return KeyManager.builder()
                .home(home)
                .masterKey("local://default")
                .store(JdbcKeyStore.of(StoreAddress.of(url)))
                .build();
    }

    private void follow(List<String> lines) {
        for (String line : lines) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "open" -> resumed += words[1].equals("0") ? 0 : 1;
                case "version" -> doneInRotation.clear();
                case "done" ->
                    assertThat(doneInRotation.add(words[1]))
                            .as("%s is re-wrapped once in a rotation", words[1])
                            .isTrue();
                case "finished" -> {
                    finished++;
                    assertThat(words[2]).as("keys that failed").isEqualTo("0");
                }
                default -> assertThat(words[0]).as(line).isEqualTo("begin");
            }
        }
        String last = lines.get(lines.size() - 1);
        within += last.startsWith("begin ") ? 1 : 0;
        if (last.startsWith("finished ")) {
            doneInRotation.clear(); // the next version may have been made without a line that says so
        }
    }

    private void finish(String url) {
        try (KeyManager kms = open(url)) {
            Rewrapped result = kms.masterKeys().rewrapStored(Progress.NONE);
            assertThat(result.failed()).isEmpty();
            Examined examined = kms.masterKeys().examineStored(Progress.NONE);
            assertThat(examined.outdated()).isZero();
            assertThat(examined.uses()).singleElement().matches(use -> use.newest());
            assertThat(examined.unknown()).isZero();
        }
    }

    private void check(String url, int everyNth) {
        try (KeyManager kms = open(url)) {
            Examined examined = kms.masterKeys().examineStored(Progress.NONE);
            assertThat(examined.problems()).isEmpty();
            assertThat(examined.keys()).isEqualTo(KEYS + 1);
            int n = random.nextInt(everyNth);
            for (Map.Entry<String, String> token : tokens.entrySet()) {
                if (n++ % everyNth == 0) {
                    assertThat(kms.decrypt(token.getValue()).toText()).isEqualTo(token.getKey());
                }
            }
            for (String token : underMasterKey) {
                assertThat(kms.decrypt(token).toText()).isEqualTo("under the master key");
            }
        }
    }
}
