package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Three processes seal and open under one named key in one database while each rotates it: no call fails, no message is
 * left that cannot be opened. 10 minutes, scaled by the system property {@code kms.proof}, at least 20 seconds.
 */
class RotationStress {
    private static final int SECONDS = Proof.of(600, 20);
    private static final int PROCESSES = 3;
    private static final int KEPT = 2_000;

    @TempDir
    Path home;

    private final AtomicReference<String> newest = new AtomicReference<>();
    private final AtomicInteger rotations = new AtomicInteger();
    private final AtomicInteger messages = new AtomicInteger();

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void rotate_threeProcessesSealAndOpen_noCallFailsAndEveryMessageOpens() throws Exception {
        String url = StoreKind.POSTGRESQL.fresh(home);
        List<String> tokens = new ArrayList<>();
        List<ChildJvm> children = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(PROCESSES);
        try (KeyManager kms = StoreKind.manager(home, url)) {
            kms.keys().create(RotationChild.KEY, KeySpec.AES_256);
            for (int i = 0; i < PROCESSES; i++) {
                children.add(new ChildJvm(RotationChild.class, home.toString(), url));
            }
            for (ChildJvm child : children) {
                assertThat(child.line()).isEqualTo("ready");
            }
            List<Future<List<String>>> kept = new ArrayList<>();
            for (int i = 0; i < PROCESSES; i++) {
                kept.add(threads.submit(load(children.get(i), new Random(i))));
            }
            for (Future<List<String>> future : kept) {
                tokens.addAll(future.get());
            }
            assertThat(kms.key(RotationChild.KEY).versions())
                    .as("one version a rotation, and the first")
                    .hasSize(rotations.get() + 1)
                    .filteredOn(version -> version.state() == KeyState.ACTIVE)
                    .hasSize(1);
            for (String token : tokens) {
                assertThat(kms.decrypt(token).toText()).isEqualTo(RotationChild.TEXT);
            }
        } finally {
            threads.shutdownNow();
            children.forEach(ChildJvm::close);
        }
        System.out.println("3 processes sealed " + messages + " messages and opened each other's in " + SECONDS
                + " s through " + rotations + " rotations; " + tokens.size() + " of them opened again at the end");
        assertThat(rotations).hasValueGreaterThan(10);
        assertThat(messages).hasValueGreaterThan(100);
    }

    /** Has one process seal, open what the others sealed last, and rotate about four times a second. */
    private Callable<List<String>> load(ChildJvm child, Random random) {
        return () -> {
            List<String> kept = new ArrayList<>();
            long begun = System.nanoTime();
            long rotateAt = begun;
            while (System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(SECONDS)) {
                if (System.nanoTime() - rotateAt >= 0) {
                    assertThat(ask(child, "rotate")).startsWith("rotated ");
                    rotations.incrementAndGet();
                    rotateAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(500));
                }
                String answer = ask(child, random.nextBoolean() ? "seal" : "direct");
                assertThat(answer).startsWith("sealed ");
                String token = answer.substring(7);
                messages.incrementAndGet();
                String others = newest.getAndSet(token);
                assertThat(ask(child, "open " + (others == null ? token : others)))
                        .isEqualTo("opened");
                if (kept.size() < KEPT) {
                    kept.add(token);
                } else {
                    kept.set(random.nextInt(KEPT), token);
                }
            }
            child.tell("end");
            assertThat(child.exit()).isZero();
            return kept;
        };
    }

    private static String ask(ChildJvm child, String line) throws InterruptedException {
        child.tell(line);
        return child.line();
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(120)
    void change_byAnotherProcess_isSeenWithinFiveSeconds(StoreKind kind) throws Exception {
        String url = kind.fresh(home);
        try (KeyManager kms = StoreKind.manager(home, url)) {
            kms.keys().create(RotationChild.KEY, KeySpec.AES_256);
            try (ChildJvm child = new ChildJvm(RotationChild.class, home.toString(), url)) {
                assertThat(child.line()).isEqualTo("ready");
                String first = ask(child, "seal").substring(7);
                assertThat(ask(child, "open " + first)).isEqualTo("opened");

                KeyVersion second = kms.key(RotationChild.KEY).rotate();
                long rotation =
                        secondsUntil(child, "seal", answer -> versionOf(answer).equals(second.id()));
                kms.key(RotationChild.KEY).destroyNow(1);
                long destruction = secondsUntil(child, "open " + first, answer -> answer.contains("STATE_REFUSED"));
                kms.key(RotationChild.KEY).deactivate(2);
                long deactivation = secondsUntil(child, "direct", answer -> answer.contains("STATE_REFUSED"));
                assertThat(List.of(rotation, destruction, deactivation)).allMatch(seconds -> seconds < 5);
                child.tell("end");
                assertThat(child.exit()).isZero();
            }
        }
    }

    private static String versionOf(String answer) {
        assertThat(answer).startsWith("sealed ");
        byte[] message = Base64.getUrlDecoder().decode(answer.substring(7));
        return KeyManager.inspect(message).recipients().get(0).id();
    }

    private interface Seen {
        boolean in(String answer);
    }

    private static long secondsUntil(ChildJvm child, String line, Seen seen) throws InterruptedException {
        long begun = System.nanoTime();
        while (!seen.in(ask(child, line))) {
            assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(30));
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
    }
}
