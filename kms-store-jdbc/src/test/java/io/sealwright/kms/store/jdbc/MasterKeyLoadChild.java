package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.spi.StoreAddress;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Works as an application does while others rotate the master key: seals under named keys and under the master key, opens what
 * it and the other processes sealed, makes and rotates keys. Keys live for two seconds in memory, so that all of it goes
 * through store and master key again and again. Says each token, and what failed; ends when it is told to.
 */
final class MasterKeyLoadChild {
    private static final int SHARED = 20;

    private final KeyManager kms;
    private final String suffix;
    private final Random random;
    private final LinkedBlockingQueue<String> given = new LinkedBlockingQueue<>();
    private volatile boolean ending;
    private long sealed;
    private long opened;
    private long changed;

    private MasterKeyLoadChild(KeyManager kms, String suffix) {
        this.kms = kms;
        this.suffix = suffix;
        this.random = new Random(suffix.hashCode());
    }

    public static void main(String[] arguments) throws Exception {
        try (KeyManager kms = KeyManager.builder()
                .home(Path.of(arguments[0]))
                .masterKey("local://default")
                .store(JdbcKeyStore.of(StoreAddress.of(arguments[1])))
                .dataKeys(p -> p.maxAge(Duration.ofSeconds(2)).refreshAfter(Duration.ofMillis(1_600)))
                .build()) {
            MasterKeyLoadChild child = new MasterKeyLoadChild(kms, arguments[2]);
            Thread reader = new Thread(child::read, "lines");
            reader.setDaemon(true);
            reader.start();
            for (int i = 0; i < SHARED; i++) {
                kms.keys().createIfAbsent("shared-" + i, KeySpec.AES_256);
            }
            say("open");
            for (int i = 0; !child.ending; i++) {
                child.round(i);
            }
            say("end " + child.sealed + " " + child.opened + " " + child.changed);
        }
    }

    private void round(int i) {
        attempt(
                "seal under a named key",
                () -> tell(kms.encrypt("text").key(shared()).toToken()));
        attempt(
                "seal directly",
                () -> tell(kms.encrypt("text").key(shared()).direct().toToken()));
        attempt("seal under the master key", () -> tell(kms.encrypt("text").toToken()));
        for (String token = given.poll(); token != null; token = given.poll()) {
            open(token);
        }
        if (i % 20 == 0) {
            attempt("rotate a named key", () -> {
                kms.key(shared()).rotate();
                changed++;
            });
            attempt("make a named key", () -> {
                String name = "own-" + suffix + "-" + i;
                kms.keys().create(name, KeySpec.AES_256);
                tell(kms.encrypt("text").key(name).toToken());
                changed++;
            });
        }
    }

    private void open(String token) {
        attempt("open " + token, () -> {
            if (!kms.decrypt(token).toText().equals("text")) {
                throw new IllegalStateException("opened to another text");
            }
            opened++;
        });
    }

    private void tell(String token) {
        sealed++;
        say("token " + token);
        open(token);
    }

    private String shared() {
        return "shared-" + random.nextInt(SHARED);
    }

    private static void attempt(String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            say("failed " + what + ": " + e);
        }
    }

    private void read() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null && !line.equals("end"); line = in.readLine()) {
                given.add(line);
            }
        } catch (java.io.IOException e) {
            say("failed to read: " + e);
        }
        ending = true;
    }

    private static void say(String line) {
        synchronized (System.out) {
            System.out.println(line);
            System.out.flush();
        }
    }
}
