package io.sealwright.kms.benchmarks;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.store.jdbc.JdbcKeyStore;
import io.sealwright.kms.testbed.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What 10 to 100,000 named keys cost, in SQLite and PostgreSQL: start-up to the first message, memory of a key that is in
 * use, rotation of one key, the list of all, and how long another process's change of one key is read while many are in
 * use. {@code NamedKeyScale SIZE...}
 */
final class NamedKeyScale {
    private static final int MOST_IN_USE = 10_000;
    private static final Duration PATIENT = Duration.ofMinutes(5);

    private NamedKeyScale() {}

    public static void main(String[] sizes) throws Exception {
        Path home = Files.createTempDirectory("kms-scale-");
        System.out.println(
                "store       keys   first message      list        rotate one   bytes a key in use (of keys)");
        try (TestPostgres server = TestPostgres.start()) {
            for (String size : sizes) {
                int keys = Integer.parseInt(size);
                NamedKeyStore filled = NamedKeyStore.inMemory();
                try (KeyManager kms = manager(home, filled)) {
                    // In memory, where no disk waits; the measured stores get copies.
                    for (int i = 0; i < keys; i++) {
                        kms.keys().create(name(i), KeySpec.AES_256);
                    }
                    measure("SQLite", home, "jdbc:sqlite:" + home.resolve("store-" + keys + ".db"), filled, keys);
                    measure("PostgreSQL", home, server.freshSchema(), filled, keys);
                }
            }
        }
    }

    private static KeyManager manager(Path home, NamedKeyStore store) {
        return KeyManager.builder()
                .embedded()
                .home(home)
                .store(store)
                .deadline(PATIENT)
                .schedule(false)
                .build();
    }

    private static String name(int i) {
        return "key-" + i;
    }

    /** Copies them in transactions of a thousand. */
    private static void copy(NamedKeyStore from, NamedKeyStore to) {
        List<KeyReplacement> batch = new ArrayList<>();
        from.readAll(new StoreReader() {
            @Override
            public void storeKey(byte[] sealed) {
                to.initialise(sealed);
            }

            @Override
            public void key(StoredKey key) {
                batch.add(new KeyReplacement(
                        key.name(), 0, key.generation(), key.manifest(), key.versions(), List.of(), null));
                if (batch.size() == 1_000) {
                    to.replace(batch);
                    batch.clear();
                }
            }

            @Override
            public void damaged(String name, StoreException e) {
                throw e;
            }
        });
        to.replace(batch);
    }

    private static void measure(String what, Path home, String url, NamedKeyStore filled, int keys) throws Exception {
        try (NamedKeyStore target = JdbcKeyStore.of(StoreAddress.of(url))) {
            copy(filled, target);
        }
        double[] first = new double[7];
        for (int i = 0; i < first.length; i++) {
            long begun = System.nanoTime();
            try (KeyManager kms = manager(home, JdbcKeyStore.of(StoreAddress.of(url)))) {
                kms.encrypt("text").key(name(keys / 2)).toBytes();
                first[i] = (System.nanoTime() - begun) / 1e6;
            }
        }
        try (KeyManager kms = manager(home, JdbcKeyStore.of(StoreAddress.of(url)))) {
            double[] list = new double[keys > 10_000 ? 3 : 7];
            for (int i = 0; i < list.length; i++) {
                long begun = System.nanoTime();
                if (kms.keys().list().size() != keys) {
                    throw new IllegalStateException("not all keys were listed");
                }
                list[i] = (System.nanoTime() - begun) / 1e6;
            }
            double[] rotate = new double[21];
            for (int i = 0; i < rotate.length; i++) {
                long begun = System.nanoTime();
                kms.key(name(i % keys)).rotate();
                rotate[i] = (System.nanoTime() - begun) / 1e6;
            }
            int used = Math.min(keys, MOST_IN_USE);
            try (KeyManager second = manager(home, JdbcKeyStore.of(StoreAddress.of(url)))) {
                second.encrypt("text").key(name(0)).direct().toBytes();
                long before = heap();
                for (int i = 0; i < used; i++) {
                    second.encrypt("text").key(name(i)).direct().toBytes();
                }
                long each = (heap() - before) / used;
                System.out.printf(
                        "%-10s %6d   %8.1f ms   %9.1f ms   %8.2f ms   %6d (%d)%n",
                        what, keys, median(first), median(list), median(rotate), each, used);
            }
        }
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private static long heap() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(50);
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
