package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testbed.TestPostgres;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The whole engine on a database: two processes create, rotate and change keys at once, by call and by schedule, and are killed
 * by SIGKILL. Whatever was acknowledged is there, every token sealed before opens (unless its version is or is to be
 * destroyed), and every key is whole. 100
 * kills, scaled by the system property {@code kms.proof}, at least 6.
 */
class NamedKeyKillStress {
    private static final int KILLS = Proof.of(100, 6);

    @TempDir
    Path home;

    private final Random random = new Random(20260202);
    private final Map<String, List<String>> tokens = new HashMap<>();
    private final Map<String, Integer> rotations = new HashMap<>();
    private String url = "";
    private final Map<String, Set<Integer>> leaving = new HashMap<>();
    private final long begun = System.currentTimeMillis();
    private int within;
    private int dueDone;

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void keys_processesKilledWithinChanges_everyAcknowledgedMessageOpens(StoreKind kind) throws Exception {
        url = kind.fresh(home);
        int kills = 0;
        // Where a kill falls is chance, and on a loaded machine many come late: as many as it takes.
        while (kills < KILLS || (within < (KILLS + 1) / 2 && kills < 20 * KILLS)) {
            try (ChildJvm a = child("a", kills);
                    ChildJvm b = child("b", kills + 1)) {
                List<String> fromA = a.upTo("done");
                List<String> fromB = b.upTo("done");
                for (int i = random.nextInt(15); i > 0; i--) {
                    fromA.addAll(a.upTo("begin"));
                }
                a.killWithinChange(fromA, random, 3_000_000);
                b.killWithinChange(fromB, random, 3_000_000);
                kills += 2;
                fromA.addAll(a.rest());
                fromB.addAll(b.rest());
                follow(fromA);
                follow(fromB);
            }
            check();
        }
        long opened = tokens.values().stream().mapToLong(List::size).sum();
        System.out.println(kind + ": killed " + kills + " processes, " + within + " of them within a change; " + opened
                + " tokens under " + tokens.size() + " keys looked at after the last; " + dueDone
                + " changes were made because they were due");
        assertThat(dueDone).as("changes that were due").isPositive();
        assertThat(within).as("kills within a change").isGreaterThanOrEqualTo((KILLS + 1) / 2);
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void keys_serverKilledAndStartedAgain_nothingAcknowledgedIsLostAndProcessesGoOn() throws Exception {
        int wanted = Math.max(5, KILLS / 2);
        int kills = 0;
        int open = 0;
        try (TestPostgres server = TestPostgres.start()) {
            url = server.freshSchema();
            try (ChildJvm a = child("a", 1);
                    ChildJvm b = child("b", 2)) {
                List<String> fromA = a.upTo("done");
                List<String> fromB = b.upTo("done");
                while (kills < wanted || (open < (wanted + 1) / 2 && kills < 20 * wanted)) {
                    for (int i = random.nextInt(15); i >= 0; i--) {
                        fromA.addAll(a.upTo("begin"));
                    }
                    server.kill();
                    fromA.addAll(a.soFar());
                    fromB.addAll(b.soFar());
                    open += isOpen(fromA) || isOpen(fromB) ? 1 : 0;
                    // Shorter and longer than connections are replaced for.
                    TimeUnit.MILLISECONDS.sleep(kills % 2 == 0 ? 0 : 3_000);
                    server.restart();
                    fromA.addAll(a.soFar());
                    fromB.addAll(b.soFar());
                    fromA.addAll(a.upTo("done"));
                    fromB.addAll(b.upTo("done"));
                    kills++;
                }
                a.kill();
                b.kill();
                fromA.addAll(a.rest());
                fromB.addAll(b.rest());
                long away = Stream.concat(fromA.stream(), fromB.stream())
                        .filter(line -> line.startsWith("away "))
                        .count();
                follow(fromA);
                follow(fromB);
                check();
                System.out.println("killed the server " + kills + " times, " + open + " of them within a change; "
                        + away + " calls failed; " + tokens.size() + " keys looked at");
            }
        }
        assertThat(open).as("kills within a change").isGreaterThanOrEqualTo((wanted + 1) / 2);
    }

    private static boolean isOpen(List<String> lines) {
        return lines.get(lines.size() - 1).startsWith("begin ");
    }

    private ChildJvm child(String suffix, int seed) throws Exception {
        return new ChildJvm(
                NamedKeyChild.class, home.toString(), suffix, Integer.toString(seed), url, Long.toString(begun));
    }

    private void follow(List<String> lines) {
        for (String line : lines) {
            String[] words = line.split(" ");
            assertThat(words[0]).as(line).isIn("open", "begin", "done", "away");
            assertThat(line)
                    .as("only the server's end stops a call")
                    .matches("(?!away).*|away KMS_(STORE_)?UNAVAILABLE");
            if (words.length > 1 && words[1].startsWith("cancel:")) {
                leaving.getOrDefault(words[2], new HashSet<>()).remove(version(words[1]));
            }
            if (!words[0].equals("done") || words.length < 4) {
                continue;
            }
            if (words[1].equals("due")) {
                dueDone += Integer.parseInt(words[3]);
                continue;
            }
            if (!words[3].equals("-")) {
                tokens.computeIfAbsent(words[2], name -> new ArrayList<>()).add(words[3]);
            }
            if (words[1].startsWith("rotate:")) {
                rotations.merge(words[2], 1, Integer::sum);
            }
            // Only one process changes the keys that are not shared, so that nobody else takes it back.
            if (words[1].startsWith("schedule:") && !words[2].startsWith("shared")) {
                leaving.computeIfAbsent(words[2], name -> new HashSet<>()).add(version(words[1]));
            }
        }
        within += lines.get(lines.size() - 1).startsWith("begin ") ? 1 : 0;
    }

    private static int version(String change) {
        return Integer.parseInt(change.substring(change.indexOf(':') + 1));
    }

    private void check() {
        try (KeyManager kms = StoreKind.manager(home, url)) {
            assertThat(kms.keys().list().stream().map(NamedKey::name)).containsAll(tokens.keySet());
            tokens.forEach((name, ofKey) -> {
                Map<String, KeyVersion> versions = new HashMap<>();
                for (KeyVersion version : kms.key(name).versions()) {
                    versions.put(version.id(), version);
                }
                assertThat(versions.size()).as("versions of %s", name).isGreaterThan(rotations.getOrDefault(name, 0));
                for (int number : leaving.getOrDefault(name, Set.of())) {
                    assertThat(kms.key(name).versions().get(number - 1).destroyAt())
                            .as("the end of version %d of %s", number, name)
                            .isNotNull();
                }
                for (String token : ofKey) {
                    checkOpens(kms, name, token, versions);
                }
            });
        }
    }

    private static void checkOpens(KeyManager kms, String name, String token, Map<String, KeyVersion> versions) {
        MessageInfo info = KeyManager.inspect(Base64.getUrlDecoder().decode(token));
        KeyVersion version = versions.get(info.recipients().get(0).id());
        assertThat(version).as("the version of %s that sealed", name).isNotNull();
        if (version.state() == KeyState.DESTROYED || version.destroyAt() != null) {
            assertThatThrownBy(() -> kms.decrypt(token)
                            .context("key", name)
                            .allowCompromised()
                            .toText())
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED));
        } else {
            assertThat(kms.decrypt(token)
                            .context("key", name)
                            .allowCompromised()
                            .toText())
                    .isEqualTo("under " + name);
        }
    }
}
