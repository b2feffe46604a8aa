package io.sealwright.kms.benchmarks;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import java.nio.file.Path;
import java.util.function.Supplier;

/** {@code HOME KEYS}: makes so many named keys there, rotates the master key, and prints how long each part took. */
final class RotationTime {
    private RotationTime() {}

    public static void main(String[] args) {
        int count = Integer.parseInt(args[1]);
        try (KeyManager kms = KeyManager.embedded(Path.of(args[0]))) {
            double making = seconds(() -> {
                for (int i = 0; i < count; i++) {
                    kms.keys().create("key-" + i, KeySpec.AES_256);
                }
                return count;
            });
            double rotation = seconds(() -> {
                kms.masterKeys().rotate("local://default");
                Rewrapped result = kms.masterKeys().rewrapStored(Progress.NONE);
                demand(result.done() == count + 1 && result.failed().isEmpty());
                return result.done();
            });
            double again = seconds(() -> {
                Rewrapped result = kms.masterKeys().rewrapStored(Progress.NONE);
                demand(result.alreadyNewest() == count + 1);
                return result.alreadyNewest();
            });
            double looking = seconds(() -> {
                Examined examined = kms.masterKeys().examineStored(Progress.NONE);
                demand(examined.outdated() == 0 && examined.problems().isEmpty());
                return examined.keys();
            });
            System.out.printf(
                    "%6d keys: made in %.2f s, rotated in %.2f s (%.2f ms a key), again %.2f s, looked at in %.2f s%n",
                    count, making, rotation, 1000 * rotation / count, again, looking);
        }
    }

    private static void demand(boolean condition) {
        if (!condition) {
            throw new IllegalStateException("the rotation did not do what it should");
        }
    }

    private static double seconds(Supplier<Integer> work) {
        long begin = System.nanoTime();
        int unused = work.get();
        return (System.nanoTime() - begin) / 1e9;
    }
}
