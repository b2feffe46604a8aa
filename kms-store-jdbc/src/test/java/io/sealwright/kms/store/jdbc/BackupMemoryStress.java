package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testbed.ChildJvm;
import io.sealwright.kms.testkit.proof.Proof;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A store of 100,000 keys, scaled by the system property {@code kms.proof} but at least 2,000, is restored and backed up by
 * processes whose heap would not hold it.
 */
class BackupMemoryStress {
    private static final int KEYS = Proof.of(100_000, 2_000);

    private static final String HEAP = "40m";

    @TempDir
    Path home;

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void backupAndRestore_manyKeys_takeBoundedMemory(StoreKind kind) throws Exception {
        Path file = home.resolve("store.backup");
        String token;
        try (KeyManager kms = KeyManager.builder()
                        .embedded()
                        .home(home)
                        .store(NamedKeyStore.inMemory())
                        .build();
                OutputStream out = Files.newOutputStream(file)) {
            for (int i = 0; i < KEYS; i++) {
                NamedKey key = kms.keys().create("application.orders.tenant-" + i, KeySpec.AES_256);
                key.rotate();
            }
            token = kms.encrypt("x")
                    .key("application.orders.tenant-" + (KEYS - 1))
                    .toToken();
            assertThat(kms.keys().backup(out).keys()).isEqualTo(KEYS);
        }
        String url = kind.fresh(home);
        long restore = nanos("restore", url, file);
        long backup = nanos("backup", url, file);
        System.out.printf(
                "%s: %,d keys of two versions, %,d bytes: restored in %.1f s, backed up in %.1f s, with a heap of %s%n",
                kind, KEYS, Files.size(file), restore / 1e9, backup / 1e9, HEAP);
        try (NamedKeyStore store = StoreKind.open(url)) {
            assertThat(store.names()).hasSize(KEYS + 2); // the children made one each
        }
        try (KeyManager kms = StoreKind.manager(home, url)) {
            assertThat(kms.decrypt(token).toText()).isEqualTo("x");
        }
    }

    private long nanos(String what, String url, Path file) throws Exception {
        try (ChildJvm child = ChildJvm.withHeap(
                HEAP,
                BackupChild.class,
                what,
                home.toString(),
                url,
                file.toString(),
                home.resolve("old-" + what).toString())) {
            assertThat(child.line()).isEqualTo("begin");
            long begun = System.nanoTime();
            assertThat(child.line(TimeUnit.MINUTES.toSeconds(20))).isEqualTo("done");
            return System.nanoTime() - begun;
        }
    }
}
