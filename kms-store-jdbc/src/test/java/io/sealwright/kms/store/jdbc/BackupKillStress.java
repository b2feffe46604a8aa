package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testkit.proof.Proof;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A process that makes a backup, or restores one over a store that has gone on, is killed by SIGKILL in the middle. Nothing
 * that opened before does not open after, nothing that was destroyed comes back, and the same command again completes. 20
 * kills each on either database, scaled by the system property {@code kms.proof}, at least 3.
 */
class BackupKillStress {
    private static final int KILLS = Proof.of(20, 3);

    private static final int KEYS = 400;
    private static final String TEXT = "the same in all messages";

    @TempDir
    Path home;

    private final Random random = new Random(20260404);
    private final Map<String, String> tokens = new LinkedHashMap<>();
    private String url = "";
    private Path file;
    private int savedFiles;
    private long nanos;

    private void fill(StoreKind kind) throws Exception {
        url = kind.fresh(home);
        file = home.resolve("store.backup");
        try (KeyManager kms = StoreKind.manager(home, url)) {
            for (int i = 0; i < KEYS; i++) {
                kms.keys().create("key-" + i, KeySpec.AES_256);
                seal(kms, "key-" + i, "first");
            }
        }
    }

    private void seal(KeyManager kms, String key, String what) {
        tokens.put(key + " " + what, kms.encrypt(TEXT).key(key).toToken());
    }

    private ChildJvm child(String what) throws Exception {
        String old = home.resolve("old-" + ++savedFiles).toString();
        return new ChildJvm(BackupChild.class, what, home.toString(), url, file.toString(), old);
    }

    /** Does the work, and takes how long it needs from its beginning to its end. */
    private void undisturbed(String what) throws Exception {
        try (ChildJvm child = child(what)) {
            assertThat(child.line()).isEqualTo("begin");
            long begun = System.nanoTime();
            assertThat(child.upTo("done")).containsExactly("done");
            nanos = System.nanoTime() - begun;
        }
    }

    /** Kills it at some moment of its work; true if the work was open. */
    private boolean killed(String what) throws Exception {
        try (ChildJvm child = child(what)) {
            assertThat(child.line()).isEqualTo("begin");
            TimeUnit.NANOSECONDS.sleep((long) (random.nextDouble() * 0.8 * nanos));
            child.kill();
            boolean open = child.rest().isEmpty();
            // The machine may be busier or idler than when the time was taken: too late comes earlier next time.
            nanos = open ? nanos + nanos / 8 : nanos / 2;
            return open;
        }
    }

    /** As many kills as are due, and more while too many of them came too late; half of them all must be within. */
    private static boolean more(int kills, int open) {
        return kills < KILLS || 2 * open < kills && kills < 4 * KILLS;
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void backup_killedWithin_leavesStoreAndLastBackupWhole(StoreKind kind) throws Exception {
        fill(kind);
        undisturbed("backup");
        int open = 0;
        int kills = 0;
        for (; more(kills, open); kills++) {
            open += killed("backup") ? 1 : 0;
            try (KeyManager kms = StoreKind.manager(home, url)) {
                checkSome(kms);
            }
        }
        System.out.println(kind + ": killed " + kills + " backups, " + open + " of them under way");
        assertThat(2 * open).as("twice the kills within a backup").isGreaterThanOrEqualTo(kills);
        undisturbed("backup");
        url = kind.fresh(Files.createDirectory(home.resolve("other")));
        try (KeyManager restored = StoreKind.manager(home, url)) {
            assertThat(restored.keys().restore(file).restored()).isGreaterThanOrEqualTo(KEYS);
            checkAll(restored);
        }
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void restore_killedWithin_losesNothingAndCompletesWhenRepeated(StoreKind kind) throws Exception {
        fill(kind);
        try (KeyManager kms = StoreKind.manager(home, url);
                OutputStream out = Files.newOutputStream(file)) {
            kms.keys().backup(out);
        }
        goOn();
        undisturbed("restore");
        int open = 0;
        int kills = 0;
        for (; more(kills, open); kills++) {
            open += killed("restore") ? 1 : 0;
            try (KeyManager kms = StoreKind.manager(home, url)) {
                checkAll(kms);
                kms.key("key-" + (1 + 10 * random.nextInt(KEYS / 20))).rotate(); // and programs go on
            }
        }
        System.out.println(kind + ": killed " + kills + " restores over a store, " + open + " of them under way");
        assertThat(2 * open).as("twice the kills within a restore").isGreaterThanOrEqualTo(kills);
        undisturbed("restore");
        try (KeyManager kms = StoreKind.manager(home, url)) {
            checkAll(kms);
            assertThat(kms.keys().list())
                    .filteredOn(key -> key.name().startsWith("key-"))
                    .hasSize(KEYS);
        }
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void restore_intoAnEmptyStoreKilledWithin_completesWhenRepeated(StoreKind kind) throws Exception {
        fill(kind);
        try (KeyManager kms = StoreKind.manager(home, url);
                OutputStream out = Files.newOutputStream(file)) {
            kms.keys().backup(out);
        }
        url = kind.fresh(Files.createDirectory(home.resolve("undisturbed")));
        undisturbed("restore");
        int open = 0;
        int kills = 0;
        for (; more(kills, open); kills++) {
            url = kind.fresh(Files.createDirectory(home.resolve("empty-" + kills)));
            open += killed("restore") ? 1 : 0;
            undisturbed("restore");
            try (KeyManager kms = StoreKind.manager(home, url)) {
                checkAll(kms);
            }
        }
        System.out.println(
                kind + ": killed " + kills + " restores into an empty store, " + open + " of them under way");
        assertThat(2 * open).as("twice the kills within a restore").isGreaterThanOrEqualTo(kills);
    }

    /** Half of the keys rotate, some are destroyed, and messages are sealed under the new versions. */
    private void goOn() throws Exception {
        try (KeyManager kms = StoreKind.manager(home, url)) {
            for (int i = 0; i < KEYS / 2; i++) {
                NamedKey key = kms.key("key-" + i);
                if (i % 10 == 0) {
                    key.destroyNow();
                } else {
                    key.rotate();
                    seal(kms, key.name(), "second");
                }
            }
        }
    }

    private void checkSome(KeyManager kms) {
        for (int i = 0; i < 20; i++) {
            check(kms, "key-" + random.nextInt(KEYS) + " first");
        }
    }

    private void checkAll(KeyManager kms) {
        tokens.keySet().forEach(which -> check(kms, which));
    }

    private void check(KeyManager kms, String which) {
        String key = which.split(" ")[0];
        String token = tokens.get(which);
        int number = Integer.parseInt(key.substring(4));
        boolean destroyed = tokens.size() > KEYS && number < KEYS / 2 && number % 10 == 0;
        if (!destroyed) {
            assertThat(kms.decrypt(token).toText()).as(which).isEqualTo(TEXT);
            return;
        }
        assertThat(kms.key(key).state()).as(which).isEqualTo(KeyState.DESTROYED);
        assertThatThrownBy(() -> kms.decrypt(token).toText()).as(which).isInstanceOf(RefusedException.class);
    }
}
