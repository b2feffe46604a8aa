package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.TimeSource;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Creates, rotates, deactivates, compromises and destroys named keys without pause, at once or after a waiting period,
 * which it may take back, two of them shared with another process; does what is due; and says on standard output what it
 * begins and what is done, with a token sealed under the key. Its clock runs {@link #SPEED} times as fast as the real one,
 * so that days pass.
 */
final class NamedKeyChild {
    /** A day of waiting passes in less than a second. */
    static final long SPEED = 100_000;

    private NamedKeyChild() {}

    /** @param begun when the test began, in real milliseconds since 1970: all processes share this clock */
    static TimeSource fastFrom(long begun) {
        return new TimeSource() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public Instant instant() {
                return Instant.ofEpochMilli(begun + (System.currentTimeMillis() - begun) * SPEED);
            }
        };
    }

    public static void main(String[] arguments) throws InterruptedException {
        Path home = Path.of(arguments[0]);
        String suffix = arguments[1];
        Random random = new Random(Long.parseLong(arguments[2]));
        TimeSource time = fastFrom(Long.parseLong(arguments[4]));
        try (KeyManager kms = StoreKind.manager(home, arguments[3], time)) {
            for (String shared : new String[] {"shared-0", "shared-1"}) {
                kms.keys().createIfAbsent(shared, KeySpec.AES_256).rotateEvery(Duration.ofHours(6));
            }
            System.out.println("open");
            for (int i = 0; ; i++) {
                try {
                    step(kms, suffix + "-" + arguments[2] + "-" + i, random);
                } catch (StoreException | UnavailableException e) {
                    say("away " + e.code()); // whether the change was made is open
                    TimeUnit.MILLISECONDS.sleep(20);
                }
            }
        }
    }

    private static void step(KeyManager kms, String own, Random random) {
        say("begin due -");
        say("done due - " + kms.keys().doDueWork());
        say("begin create " + own);
        kms.keys().create(own, KeySpec.AES_256);
        say("done create " + own + " " + seal(kms, own));
        change(kms, own, random);
        change(kms, "shared-" + random.nextInt(2), random);
    }

    private static void change(KeyManager kms, String name, Random random) {
        NamedKey key = kms.key(name);
        int versions = key.versions().size();
        int older = 1 + random.nextInt(versions);
        String[] changes = {"rotate", "rotate", "deactivate", "compromise", "destroy", "schedule", "schedule", "cancel"
        };
        String change = changes[random.nextInt(changes.length)];
        if (older == versions) {
            change = "rotate"; // the newest goes on sealing, so that there is always something to open
        }
        String said = change + ":" + older + " " + name + " ";
        say("begin " + said);
        try {
            switch (change) {
                case "rotate" -> key.rotate();
                case "deactivate" -> key.deactivate(older);
                case "compromise" -> key.compromise(older);
                case "schedule" -> key.destroyAfter(older, Duration.ofDays(1));
                case "cancel" -> key.cancelDestroy(older);
                default -> key.destroyNow(older);
            }
        } catch (RefusedException e) {
            say("done refused " + name); // its state did not allow it: the other process, or an earlier change
            return;
        }
        say("done " + said + seal(kms, name));
    }

    private static String seal(KeyManager kms, String name) {
        try {
            return kms.encrypt("under " + name).key(name).context("key", name).toToken();
        } catch (RefusedException e) {
            return "-"; // another change came between, and the key does not seal any more
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
