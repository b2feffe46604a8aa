package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.Sealer;
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

/** Is a message in memory ever sealed slower because other cores may help? */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xmn256m"})
@Warmup(iterations = 2, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class SharedMessages {
    /** A sealer, and its one caller's arrays. */
    @State(Scope.Benchmark)
    public static class Ours {
        @Param({"131072", "524288", "1048576", "2097152", "4194304", "8388608", "16777216"})
        int size;

        @Param
        Cores cores;

        Fixture fixture;
        Sealer sealer;
        byte[] plaintext;
        byte[] out;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING, cores.setting);
            sealer = fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            plaintext = Fixture.bytes(size);
            out = new byte[sealer.maxSealedLength(size)];
            Fixture.warm(mixed -> sealer.seal(mixed, AAD));
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    @Benchmark
    public int seal(Ours state) {
        return state.sealer.seal(state.plaintext, 0, state.plaintext.length, AAD, state.out, 0);
    }
}
