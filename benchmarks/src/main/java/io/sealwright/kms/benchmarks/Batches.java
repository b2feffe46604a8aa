package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.Opener;
import io.sealwright.kms.Sealer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What does a message cost in a batch of 64, over a loop round the bare cipher? */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms512m", "-Xmx512m", "-Xmn128m"})
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@OperationsPerInvocation(Batches.COUNT)
public class Batches {
    static final int COUNT = 64;

    private static final List<byte[]> AADS = Collections.nCopies(COUNT, AAD);

    /** The floor. */
    @State(Scope.Thread)
    public static class Bare {
        @Param({"64", "1024"})
        int size;

        final BareCipher cipher = new BareCipher();
        List<byte[]> plaintexts;
        List<byte[]> sealed;

        @Setup
        public void warm() throws Exception {
            plaintexts = Collections.nCopies(COUNT, Fixture.bytes(size));
            sealed = new ArrayList<>();
            for (byte[] plaintext : plaintexts) {
                sealed.add(cipher.seal(plaintext, AAD));
            }
            Fixture.warm(mixed -> {
                long n = cipher.messages();
                cipher.open(cipher.seal(mixed, AAD), n, AAD);
            });
        }
    }

    /** A sealer and an opener. */
    @State(Scope.Benchmark)
    public static class Ours {
        @Param({"64", "1024"})
        int size;

        Fixture fixture;
        Sealer sealer;
        Opener opener;
        List<byte[]> plaintexts;
        List<byte[]> sealed;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING);
            sealer = fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            opener = fixture.kms.opener().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            plaintexts = Collections.nCopies(COUNT, Fixture.bytes(size));
            sealed = sealer.sealAll(plaintexts, AADS);
            List<byte[]> data = List.of(AAD, AAD);
            Fixture.warm(mixed -> opener.openAll(sealer.sealAll(List.of(mixed, mixed), data), data));
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    @Benchmark
    public List<byte[]> bareSeal(Bare state) throws GeneralSecurityException {
        List<byte[]> messages = new ArrayList<>(COUNT);
        for (byte[] plaintext : state.plaintexts) {
            messages.add(state.cipher.seal(plaintext, AAD));
        }
        return messages;
    }

    @Benchmark
    public List<byte[]> sealAll(Ours state) {
        return state.sealer.sealAll(state.plaintexts, AADS);
    }

    @Benchmark
    public List<byte[]> bareOpen(Bare state) throws GeneralSecurityException {
        List<byte[]> plaintexts = new ArrayList<>(COUNT);
        for (int i = 0; i < COUNT; i++) {
            plaintexts.add(state.cipher.open(state.sealed.get(i), i, AAD));
        }
        return plaintexts;
    }

    @Benchmark
    public List<byte[]> openAll(Ours state) {
        return state.opener.openAll(state.sealed, AADS);
    }
}
