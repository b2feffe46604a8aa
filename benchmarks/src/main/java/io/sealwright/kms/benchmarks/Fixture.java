package io.sealwright.kms.benchmarks;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.spi.NamedKeyStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A manager on a local master key in a folder of its own, with one named key; and the data that all benchmarks use. */
final class Fixture implements AutoCloseable {
    static final String CONTEXT_NAME = "tenant";
    static final String CONTEXT_VALUE = "4711";
    static final String KEY = "orders";

    /** As long as a UUID: what differs from message to message. */
    static final byte[] AAD = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    /** What {@link Lengths} says of an envelope under one local key, without nonce and tag. */
    static final int HEADER_BYTES = 227;

    /** So that no data key ends while it is measured. */
    static final Consumer<DataKeyPolicy.Builder> LASTING = policy -> policy.maxAge(Duration.ofHours(12));

    private static final int[] MIXED = {64, 200, 1024, 8192, 66_000};
    private static final long WARM_NANOS = 2_000_000_000L;

    private final Path home;
    final KeyManager kms;

    Fixture(Consumer<DataKeyPolicy.Builder> policy) {
        this(policy, UnaryOperator.identity());
    }

    Fixture(Consumer<DataKeyPolicy.Builder> policy, UnaryOperator<KeyManagerBuilder> settings) {
        try {
            home = Files.createTempDirectory("kms-benchmark");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        kms = settings.apply(KeyManager.builder()
                        .home(home)
                        .embedded()
                        .store(NamedKeyStore.inMemory())
                        .dataKeys(policy))
                .build();
        kms.keys().create(KEY, KeySpec.AES_256);
    }

    /** Bytes that are the same in every run. */
    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** One message's way; throws whatever it likes. */
    interface Call {
        void run(byte[] plaintext) throws Exception;
    }

    /**
     * Sends mixed sizes down a path until it is compiled: a process that has seen one size only measures the
     * interpreter, or code compiled for that size alone.
     */
    static void warm(Call call) throws Exception {
        byte[][] plaintexts = IntStream.of(MIXED).mapToObj(Fixture::bytes).toArray(byte[][]::new);
        long end = System.nanoTime() + WARM_NANOS;
        while (System.nanoTime() - end < 0) {
            for (int i = 0; i < MIXED.length; i++) {
                // Small ones more often, so that each size gets about its share of time.
                for (int n = 0; n < 66_000 / MIXED[i] && n < 64; n++) {
                    call.run(plaintexts[i]);
                }
            }
        }
    }

    @Override
    public void close() {
        kms.close();
        try (Stream<Path> files = Files.walk(home)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
