package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.Opener;
import io.sealwright.kms.Sealer;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
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

/**
 * Does a message under a live data key pay for the guard of its master key: deadline, breaker, bounds, outage window? The
 * same key twice, once as one that computes in process, which has no guard, and once as one that may block. 1 KiB messages.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms512m", "-Xmx512m", "-Xmn128m"})
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class GuardCost {
    /** Whether the key says that it only computes. */
    private static final class Told extends ForwardingMasterKey {
        private final boolean inProcess;

        Told(MasterKey key, boolean inProcess) {
            super(key);
            this.inProcess = inProcess;
        }

        @Override
        public boolean inProcess() {
            return inProcess;
        }
    }

    /** A manager on one master key, and a message of its own. */
    @State(Scope.Benchmark)
    public static class Manager {
        @Param({"true", "false"})
        boolean guarded;

        final byte[] plaintext = Fixture.bytes(1024);
        KeyManager kms;
        Sealer sealer;
        Opener opener;
        byte[] sealed;

        @Setup
        public void warm() throws Exception {
            kms = KeyManager.builder()
                    .masterKey(new Told(new FaultyMasterKey("one"), !guarded))
                    .dataKeys(Fixture.LASTING)
                    .build();
            sealer = kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            opener = kms.opener().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            Fixture.warm(mixed -> opener.open(sealer.seal(mixed, AAD), AAD));
            sealed = sealer.seal(plaintext, AAD);
        }

        @TearDown
        public void close() {
            kms.close();
        }
    }

    @Benchmark
    public byte[] seal(Manager state) {
        return state.sealer.seal(state.plaintext, AAD);
    }

    @Benchmark
    public byte[] open(Manager state) {
        return state.opener.open(state.sealed, AAD);
    }

    @Benchmark
    public byte[] fluent(Manager state) {
        return state.kms
                .encrypt(state.plaintext)
                .context(CONTEXT_NAME, CONTEXT_VALUE)
                .associatedData(AAD)
                .toBytes();
    }
}
