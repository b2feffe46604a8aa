package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Creates, rotates, deactivates, compromises and destroys named keys without pause, two of them shared with another
 * process, and says on standard output what it begins and what is done, with a token sealed under the key.
 */
final class NamedKeyChild {
    private NamedKeyChild() {}

    public static void main(String[] arguments) throws InterruptedException {
        Path home = Path.of(arguments[0]);
        String suffix = arguments[1];
        Random random = new Random(Long.parseLong(arguments[2]));
        try (KeyManager kms = StoreKind.manager(home, arguments[3])) {
            kms.keys().createIfAbsent("shared-0", KeySpec.AES_256);
            kms.keys().createIfAbsent("shared-1", KeySpec.AES_256);
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
        String change = new String[] {"rotate", "rotate", "deactivate", "compromise", "destroy"}[random.nextInt(5)];
        if (older == versions) {
            change = "rotate"; // the newest goes on sealing, so that there is always something to open
        }
        say("begin " + change + " " + name);
        try {
            switch (change) {
                case "rotate" -> key.rotate();
                case "deactivate" -> key.deactivate(older);
                case "compromise" -> key.compromise(older);
                default -> key.destroyNow(older);
            }
        } catch (RefusedException e) {
            say("done refused " + name); // its state did not allow it: the other process, or an earlier change
            return;
        }
        say("done " + change + " " + name + " " + seal(kms, name));
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
