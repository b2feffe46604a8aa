package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.Opener;
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

/** What does opening cost when the header is known, when only its data key is, and when neither is? 1 KiB messages. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xmn128m"})
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class ColdHeaders {
    /** More than the caches hold, so that each is forgotten before it comes again. */
    private static final int MANY = 30_000;

    private static final byte[] PLAINTEXT = Fixture.bytes(1024);

    /** What differs from message to message. */
    public enum Known {
        /** Nothing: one header. */
        HEADER(Fixture.LASTING),
        /** The salt: each message begins an epoch. */
        DATA_KEY(Fixture.LASTING.andThen(policy -> policy.maxMessagesPerEpoch(1))),
        /** The data key: each message begins one. */
        NOTHING(Fixture.LASTING.andThen(policy -> policy.maxMessagesPerEpoch(1).maxEpochs(1)));

        private final Consumer<DataKeyPolicy.Builder> policy;

        Known(Consumer<DataKeyPolicy.Builder> policy) {
            this.policy = policy;
        }
    }

    /** Messages and an opener. */
    @State(Scope.Thread)
    public static class Messages {
        @Param
        Known known;

        Fixture fixture;
        Opener opener;
        byte[][] messages;
        int next;

        @Setup
        public void make() {
            fixture = new Fixture(known.policy);
            opener = fixture.kms.opener().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            Sealer sealer =
                    fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            messages = new byte[MANY][];
            for (int i = 0; i < MANY; i++) {
                messages[i] = sealer.seal(PLAINTEXT, AAD);
            }
            for (byte[] message : messages) {
                opener.open(message, AAD);
            }
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    @Benchmark
    public byte[] open(Messages state) {
        int next = state.next;
        state.next = next + 1 == MANY ? 0 : next + 1;
        return state.opener.open(state.messages[next], AAD);
    }
}
