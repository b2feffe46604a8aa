package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

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

/** What does sealing one small message cost, over the bare cipher? */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms512m", "-Xmx512m", "-Xmn128m"})
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class SmallEncrypt {
    /** The floor; a cipher for each thread. */
    @State(Scope.Thread)
    public static class Bare {
        @Param({"64", "1024"})
        int size;

        final BareCipher cipher = new BareCipher();
        byte[] plaintext;

        @Setup
        public void warm() throws Exception {
            plaintext = Fixture.bytes(size);
            Fixture.warm(mixed -> cipher.seal(mixed, AAD));
        }
    }

    /** The floor with a header as long as an envelope's under one local key: what the format alone costs. */
    @State(Scope.Thread)
    public static class BareFramed {
        @Param({"64", "1024"})
        int size;

        final BareCipher cipher = new BareCipher();
        final byte[] header = Fixture.bytes(Fixture.HEADER_BYTES);
        byte[] plaintext;

        @Setup
        public void warm() throws Exception {
            plaintext = Fixture.bytes(size);
            Fixture.warm(mixed -> cipher.sealFramed(header, mixed, AAD));
        }
    }

    /** A sealer that all threads share. */
    @State(Scope.Benchmark)
    public static class Prepared {
        @Param({"64", "1024"})
        int size;

        Fixture fixture;
        Sealer sealer;
        byte[] plaintext;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING);
            sealer = fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            plaintext = Fixture.bytes(size);
            Fixture.warm(mixed -> sealer.seal(mixed, AAD));
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    /** As {@link Prepared}, with the named key itself instead of a wrapped one. */
    @State(Scope.Benchmark)
    public static class PreparedDirect {
        @Param({"64", "1024"})
        int size;

        Fixture fixture;
        Sealer sealer;
        byte[] plaintext;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING);
            sealer = fixture.kms
                    .sealer()
                    .key(Fixture.KEY)
                    .direct()
                    .context(CONTEXT_NAME, CONTEXT_VALUE)
                    .build();
            plaintext = Fixture.bytes(size);
            Fixture.warm(mixed -> sealer.seal(mixed, AAD));
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    /** A manager that all threads share. */
    @State(Scope.Benchmark)
    public static class Fluent {
        @Param({"64", "1024"})
        int size;

        Fixture fixture;
        byte[] plaintext;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING);
            plaintext = Fixture.bytes(size);
            Fixture.warm(this::seal);
        }

        byte[] seal(byte[] bytes) {
            return fixture.kms
                    .encrypt(bytes)
                    .context(CONTEXT_NAME, CONTEXT_VALUE)
                    .associatedData(AAD)
                    .toBytes();
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    /** As {@link Fluent}, with the named key itself instead of a wrapped one. */
    @State(Scope.Benchmark)
    public static class FluentDirect {
        @Param({"64", "1024"})
        int size;

        Fixture fixture;
        byte[] plaintext;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING);
            plaintext = Fixture.bytes(size);
            Fixture.warm(this::seal);
        }

        byte[] seal(byte[] bytes) {
            return fixture.kms
                    .encrypt(bytes)
                    .key(Fixture.KEY)
                    .direct()
                    .context(CONTEXT_NAME, CONTEXT_VALUE)
                    .associatedData(AAD)
                    .toBytes();
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    @Benchmark
    public byte[] bare(Bare state) throws GeneralSecurityException {
        return state.cipher.seal(state.plaintext, AAD);
    }

    @Benchmark
    public byte[] bareFramed(BareFramed state) throws GeneralSecurityException {
        return state.cipher.sealFramed(state.header, state.plaintext, AAD);
    }

    @Benchmark
    public byte[] prepared(Prepared state) {
        return state.sealer.seal(state.plaintext, AAD);
    }

    @Benchmark
    public byte[] preparedDirect(PreparedDirect state) {
        return state.sealer.seal(state.plaintext, AAD);
    }

    @Benchmark
    public byte[] fluent(Fluent state) {
        return state.seal(state.plaintext);
    }

    @Benchmark
    public byte[] fluentDirect(FluentDirect state) {
        return state.seal(state.plaintext);
    }
}
