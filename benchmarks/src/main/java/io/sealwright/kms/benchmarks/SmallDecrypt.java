package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.Opener;
import io.sealwright.kms.Sealer;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.Map;
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

/** What does opening one small message cost, over the bare cipher, when its header was seen before? */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms512m", "-Xmx512m", "-Xmn128m"})
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class SmallDecrypt {
    /** Two messages by turns, since real ones differ. */
    static final int TURNS = 2;

    /** The floor; a cipher for each thread. */
    @State(Scope.Thread)
    public static class Bare {
        @Param({"64", "1024"})
        int size;

        final BareCipher cipher = new BareCipher();
        byte[][] messages;

        @Setup
        public void warm() throws Exception {
            messages = new byte[TURNS][];
            for (int i = 0; i < TURNS; i++) {
                messages[i] = cipher.seal(Fixture.bytes(size), AAD);
            }
            Map<Integer, byte[]> sealed = new HashMap<>();
            Map<Integer, Long> number = new HashMap<>();
            Fixture.warm(mixed -> {
                byte[] message = sealed.get(mixed.length);
                if (message == null) {
                    number.put(mixed.length, cipher.messages());
                    message = cipher.seal(mixed, AAD);
                    sealed.put(mixed.length, message);
                }
                cipher.open(message, number.get(mixed.length), AAD);
            });
        }
    }

    /** Whose turn it is, for each thread. */
    @State(Scope.Thread)
    public static class Turn {
        int turn;

        int next() {
            turn = (turn + 1) % TURNS;
            return turn;
        }
    }

    /** What all ways of opening share. */
    @State(Scope.Benchmark)
    public abstract static class Ours {
        @Param({"64", "1024"})
        int size;

        Fixture fixture;
        byte[][] messages;

        abstract Sealer sealer();

        abstract byte[] open(byte[] message);

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING);
            Sealer sealer = sealer();
            messages = new byte[TURNS][];
            for (int i = 0; i < TURNS; i++) {
                messages[i] = sealer.seal(Fixture.bytes(size), AAD);
            }
            Map<Integer, byte[]> sealed = new HashMap<>();
            Fixture.warm(mixed -> open(sealed.computeIfAbsent(mixed.length, length -> sealer.seal(mixed, AAD))));
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    /** An opener that all threads share. */
    @State(Scope.Benchmark)
    public static class Prepared extends Ours {
        Opener opener;

        @Override
        Sealer sealer() {
            opener = fixture.kms.opener().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            return fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
        }

        @Override
        byte[] open(byte[] message) {
            return opener.open(message, AAD);
        }
    }

    /** Messages under the named key itself. */
    @State(Scope.Benchmark)
    public static class PreparedDirect extends Ours {
        Opener opener;

        @Override
        Sealer sealer() {
            opener = fixture.kms.opener().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            return fixture.kms
                    .sealer()
                    .key(Fixture.KEY)
                    .direct()
                    .context(CONTEXT_NAME, CONTEXT_VALUE)
                    .build();
        }

        @Override
        byte[] open(byte[] message) {
            return opener.open(message, AAD);
        }
    }

    /** A manager that all threads share. */
    @State(Scope.Benchmark)
    public static class Fluent extends Ours {
        @Override
        Sealer sealer() {
            return fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
        }

        @Override
        byte[] open(byte[] message) {
            return fixture.kms
                    .decrypt(message)
                    .context(CONTEXT_NAME, CONTEXT_VALUE)
                    .associatedData(AAD)
                    .toBytes();
        }
    }

    @Benchmark
    public byte[] bare(Bare state, Turn turn) throws GeneralSecurityException {
        int i = turn.next();
        return state.cipher.open(state.messages[i], i, AAD);
    }

    @Benchmark
    public byte[] prepared(Prepared state, Turn turn) {
        return state.open(state.messages[turn.next()]);
    }

    @Benchmark
    public byte[] preparedDirect(PreparedDirect state, Turn turn) {
        return state.open(state.messages[turn.next()]);
    }

    @Benchmark
    public byte[] fluent(Fluent state, Turn turn) {
        return state.open(state.messages[turn.next()]);
    }
}
