package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.Opener;
import io.sealwright.kms.Sealer;
import java.security.GeneralSecurityException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What do messages of 64 KiB and more cost, in memory, over the bare cipher on one core? */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xmn256m"})
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class LargeMessages {
    /** The floor; a cipher and an output for each thread. */
    @State(Scope.Thread)
    public static class Bare {
        @Param({"65536", "1048576", "16777216"})
        int size;

        final BareCipher cipher = new BareCipher();
        byte[] plaintext;
        byte[] sealed;
        byte[] sealOut;
        byte[] openOut;
        long number;

        @Setup
        public void warm() throws Exception {
            plaintext = Fixture.bytes(size);
            sealOut = new byte[size + BareCipher.TAG_BYTES];
            openOut = new byte[size];
            Fixture.warm(mixed -> {
                long n = cipher.messages();
                cipher.open(cipher.seal(mixed, AAD), n, AAD);
            });
            // A bare cipher is slow for its first 600 MiB of large calls.
            byte[] large = Fixture.bytes(1 << 20);
            byte[] largeOut = new byte[large.length + BareCipher.TAG_BYTES];
            byte[] largeBack = new byte[large.length];
            for (int i = 0; i < 800; i++) {
                long n = cipher.messages();
                cipher.seal(large, AAD, largeOut);
                cipher.open(largeOut, n, AAD, largeBack);
            }
            number = cipher.messages();
            sealed = cipher.seal(plaintext, AAD);
        }
    }

    /** A sealer and an opener that all threads share. */
    @State(Scope.Benchmark)
    public static class Ours {
        @Param({"65536", "1048576", "16777216"})
        int size;

        Fixture fixture;
        Sealer sealer;
        Opener opener;
        byte[] plaintext;
        byte[] sealed;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING);
            sealer = fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            opener = fixture.kms.opener().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            plaintext = Fixture.bytes(size);
            Fixture.warm(mixed -> opener.open(sealer.seal(mixed, AAD), AAD));
            sealed = sealer.seal(plaintext, AAD);
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    /** Each thread's output. */
    @State(Scope.Thread)
    public static class Output {
        byte[] sealOut;
        byte[] openOut;

        @Setup
        public void make(Ours ours) {
            sealOut = new byte[ours.sealer.maxSealedLength(ours.size)];
            openOut = new byte[ours.size];
        }
    }

    @Benchmark
    public int bareSealInto(Bare state) throws GeneralSecurityException {
        return state.cipher.seal(state.plaintext, AAD, state.sealOut);
    }

    @Benchmark
    public int sealInto(Ours state, Output output) {
        return state.sealer.seal(state.plaintext, 0, state.plaintext.length, AAD, output.sealOut, 0);
    }

    @Benchmark
    public byte[] bareSeal(Bare state) throws GeneralSecurityException {
        return state.cipher.seal(state.plaintext, AAD);
    }

    @Benchmark
    public byte[] seal(Ours state) {
        return state.sealer.seal(state.plaintext, AAD);
    }

    @Benchmark
    public int bareOpenInto(Bare state) throws GeneralSecurityException {
        return state.cipher.open(state.sealed, state.number, AAD, state.openOut);
    }

    @Benchmark
    public int openInto(Ours state, Output output) {
        return state.opener.open(state.sealed, 0, state.sealed.length, AAD, output.openOut, 0);
    }
}
