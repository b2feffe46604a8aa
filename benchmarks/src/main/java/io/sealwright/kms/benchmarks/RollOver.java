package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.Sealer;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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

/** What does the message pay that begins an epoch, or a data key under a local master key? 1 KiB messages. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms512m", "-Xmx512m", "-Xmn128m"})
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class RollOver {
    /** What each message begins. */
    public enum Begins {
        /** Nothing: the way of nearly all messages. */
        NOTHING(Fixture.LASTING),
        /** An epoch: a salt, a derivation, a header, a key schedule. */
        EPOCH(Fixture.LASTING.andThen(policy -> policy.maxMessagesPerEpoch(1))),
        /** A data key with its wrap, and an epoch of it. */
        DATA_KEY(Fixture.LASTING.andThen(policy -> policy.maxMessagesPerEpoch(1).maxEpochs(1)));

        private final Consumer<DataKeyPolicy.Builder> policy;

        Begins(Consumer<DataKeyPolicy.Builder> policy) {
            this.policy = policy;
        }
    }

    /** A sealer whose keys end early. */
    @State(Scope.Benchmark)
    public static class Sealing {
        @Param
        Begins begins;

        final byte[] plaintext = Fixture.bytes(1024);
        Fixture fixture;
        Sealer sealer;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(begins.policy);
            sealer = fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            Fixture.warm(mixed -> sealer.seal(mixed, AAD));
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    @Benchmark
    public byte[] seal(Sealing state) {
        return state.sealer.seal(state.plaintext, AAD);
    }
}
