package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
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

/** How long does a stream of 1 GiB take, alone and with all cores, over the bare cipher's {@code update} by 64 KiB? */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xmn256m"})
@Warmup(iterations = 2)
@Measurement(iterations = 4)
public class Streams {
    private static final long LENGTH = 1L << 30;

    /** The same MiB again and again, up to a length. */
    private static final class Source extends InputStream {
        private static final byte[] BYTES = Fixture.bytes(1 << 20);
        private long left = LENGTH;

        @Override
        public int read() {
            return left-- > 0 ? BYTES[0] & 0xFF : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            Objects.checkFromIndexSize(offset, length, into.length);
            if (left <= 0 && length > 0) {
                return -1;
            }
            int read = (int) Math.min(Math.min(left, length), BYTES.length);
            System.arraycopy(BYTES, 0, into, offset, read);
            left -= read;
            return read;
        }
    }

    /** Where all goes that was sealed; it takes a copy of each byte, as a file would. */
    private static final class Sink extends OutputStream {
        private final byte[] last = new byte[1 << 20];
        private long written;

        @Override
        public void write(int value) {
            last[0] = (byte) value;
            written++;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            for (int done = 0; done < length; done += last.length) {
                System.arraycopy(bytes, offset + done, last, 0, Math.min(last.length, length - done));
            }
            written += length;
        }
    }

    /** A manager. */
    @State(Scope.Benchmark)
    public static class Ours {
        @Param
        Cores cores;

        Fixture fixture;

        @Setup
        public void warm() throws Exception {
            fixture = new Fixture(Fixture.LASTING, cores.setting);
            Fixture.warm(mixed -> fixture.kms.encrypt(mixed).associatedData(AAD).toBytes());
        }

        @TearDown
        public void close() {
            fixture.close();
        }
    }

    /** The floor. */
    @State(Scope.Thread)
    public static class Bare {
        final BareCipher cipher = new BareCipher();

        @Setup
        public void warm() throws Exception {
            Fixture.warm(mixed -> cipher.seal(mixed, AAD));
        }
    }

    @Benchmark
    public long bare(Bare state) throws Exception {
        Sink sink = new Sink();
        state.cipher.seal(new Source(), AAD, sink);
        return sink.written;
    }

    @Benchmark
    public long encrypt(Ours state) throws Exception {
        return state.fixture
                .kms
                .encrypt(new Source())
                .context(CONTEXT_NAME, CONTEXT_VALUE)
                .associatedData(AAD)
                .to(new Sink());
    }
}
