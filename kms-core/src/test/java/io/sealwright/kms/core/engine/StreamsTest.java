package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sealwright.kms.EncryptingChannel;
import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.IncompleteStreamException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnsupportedMessageException;
import io.sealwright.kms.spi.NamedKeyStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class StreamsTest {
    private static final byte[] ROW = "row 17".getBytes(StandardCharsets.UTF_8);
    private static final int CHUNK = 16 * 1024;
    private static final int SEALED = CHUNK + 16;
    private static final int SEGMENT = 127 * CHUNK;

    @TempDir
    Path home;

    private KeyManager kms;

    @BeforeEach
    void open() {
        kms = with(null);
    }

    private KeyManager with(Executor executor) {
        var builder = KeyManager.builder().home(home).embedded().warmUp(false).store(NamedKeyStore.inMemory());
        return (executor == null ? builder : builder.chunkExecutor(executor)).build();
    }

    @AfterEach
    void close() {
        kms.close();
    }

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private byte[] seal(byte[] plaintext) throws IOException {
        return seal(kms, plaintext);
    }

    private static byte[] seal(KeyManager kms, byte[] plaintext) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long written = kms.encrypt(new ByteArrayInputStream(plaintext))
                .context("tenant", "acme")
                .associatedData(ROW)
                .to(out);
        assertThat(written).isEqualTo(out.size());
        return out.toByteArray();
    }

    private InputStream reader(InputStream message) throws IOException {
        return kms.decryptingStream(message)
                .context("tenant", "acme")
                .associatedData(ROW)
                .open();
    }

    private InputStream reader(byte[] message) throws IOException {
        return reader(new ByteArrayInputStream(message));
    }

    private SeekableByteChannel channel(SeekableByteChannel message) throws IOException {
        return kms.decryptingChannel(message)
                .context("tenant", "acme")
                .associatedData(ROW)
                .open();
    }

    private byte[] transfer(InputStream message) throws IOException {
        return transfer(kms, message);
    }

    private static byte[] transfer(KeyManager kms, InputStream message) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long written = kms.decrypt(message)
                .context("tenant", "acme")
                .associatedData(ROW)
                .to(out);
        assertThat(written).isEqualTo(out.size());
        return out.toByteArray();
    }

    private byte[] inMemory(byte[] message) {
        return kms.decrypt(message)
                .context("tenant", "acme")
                .associatedData(ROW)
                .toBytes();
    }

    static Stream<Integer> edges() {
        return IntStream.of(
                        0,
                        1,
                        CHUNK,
                        2 * CHUNK,
                        4 * CHUNK,
                        5 * CHUNK,
                        6 * CHUNK,
                        SEGMENT,
                        SEGMENT + CHUNK,
                        2 * SEGMENT,
                        9 * SEGMENT,
                        9 * SEGMENT + 5 * CHUNK)
                .flatMap(n -> IntStream.of(n - 1, n, n + 1))
                .filter(n -> n >= 0)
                .distinct()
                .boxed();
    }

    @ParameterizedTest
    @MethodSource("edges")
    void streams_anyLength_agreeWithTheFormInMemory(int length) throws IOException {
        byte[] plaintext = random(length);
        byte[] sealed = seal(plaintext);
        assertThat(KeyManager.inspect(sealed).suite()).isEqualTo(Suite.CHUNKED_AES_256_GCM);
        assertThat(inMemory(sealed)).isEqualTo(plaintext);
        assertThat(transfer(new ByteArrayInputStream(sealed))).isEqualTo(plaintext);
        try (InputStream in = reader(sealed)) {
            assertThat(in.readAllBytes()).isEqualTo(plaintext);
            assertThat(in.read()).isEqualTo(-1);
        }
        byte[] whole = kms.encrypt(plaintext)
                .context("tenant", "acme")
                .associatedData(ROW)
                .toBytes();
        assertThat(transfer(new ByteArrayInputStream(whole))).isEqualTo(plaintext);
        try (InputStream in = reader(whole)) {
            assertThat(in.readAllBytes()).isEqualTo(plaintext);
        }
    }

    @Test
    void encryptingStream_writesOfAnySize_giveOneMessage() throws IOException {
        byte[] plaintext = random(2 * SEGMENT + 12345);
        Random random = new Random(1);
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (EncryptingOutputStream out = kms.encryptingStream(target)
                .context("tenant", "acme")
                .associatedData(ROW)
                .open()) {
            int at = 0;
            while (at < plaintext.length) {
                if (random.nextInt(3) == 0) {
                    out.write(plaintext[at++]);
                } else {
                    int bound = random.nextInt(20) == 0 ? 400_000 : 3000;
                    int length = Math.min(plaintext.length - at, random.nextInt(bound));
                    out.write(plaintext, at, length);
                    at += length;
                }
                if (random.nextInt(500) == 0) {
                    out.flush();
                }
            }
            out.finish();
            out.finish();
        }
        assertThat(inMemory(target.toByteArray())).isEqualTo(plaintext);
    }

    @Test
    void decryptingStream_readsOfAnySize_giveThePlaintext() throws IOException {
        byte[] plaintext = random(2 * SEGMENT + 777);
        byte[] sealed = seal(plaintext);
        Random random = new Random(2);
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        try (InputStream in = reader(new Dribbling(sealed, random))) {
            byte[] buffer = new byte[100_000];
            while (true) {
                if (random.nextInt(3) == 0) {
                    int one = in.read();
                    if (one < 0) {
                        break;
                    }
                    read.write(one);
                } else {
                    int length = in.read(buffer, 5, random.nextInt(buffer.length - 5));
                    if (length < 0) {
                        break;
                    }
                    read.write(buffer, 5, length);
                }
            }
        }
        assertThat(read.toByteArray()).isEqualTo(plaintext);
        assertThat(transfer(new Dribbling(sealed, random))).isEqualTo(plaintext);
    }

    /** Gives what it likes: sometimes nothing, and says it has nothing or something at random. */
    private static final class Dribbling extends FilterInputStream {
        private final Random random;
        private boolean closed;

        Dribbling(byte[] bytes, Random random) {
            super(new ByteArrayInputStream(bytes));
            this.random = random;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            return length == 0 || random.nextInt(10) == 0
                    ? 0
                    : super.read(into, offset, 1 + random.nextInt(Math.min(length, 30_000)));
        }

        @Override
        public int available() throws IOException {
            return random.nextBoolean() ? 0 : super.available();
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @Test
    void encrypt_dribblingSource_isReadToItsEndAndNotClosed() throws IOException {
        byte[] plaintext = random(SEGMENT + 5000);
        Dribbling source = new Dribbling(plaintext, new Random(3));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        kms.encrypt(source).context("tenant", "acme").associatedData(ROW).to(out);
        assertThat(inMemory(out.toByteArray())).isEqualTo(plaintext);
        Dribbling message = new Dribbling(out.toByteArray(), new Random(4));
        try (InputStream in = reader(message)) {
            assertThat(in.readAllBytes()).isEqualTo(plaintext);
        }
        assertThat(source.closed || message.closed).isFalse();
    }

    // ---- what was changed

    /** The plaintext that comes out before the failure; fails if there is none. */
    private byte[] before(byte[] message) throws IOException {
        InputStream in = reader(message);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Throwable failure = catchThrowable(() -> {
            byte[] buffer = new byte[5000];
            for (int read; (read = in.read(buffer)) >= 0; ) {
                out.write(buffer, 0, read);
            }
        });
        assertThat(failure).isInstanceOf(AuthenticationFailedException.class);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(in::read).isInstanceOf(AuthenticationFailedException.class);
            assertThatThrownBy(in::readAllBytes).isInstanceOf(AuthenticationFailedException.class);
        }
        in.close();
        return out.toByteArray();
    }

    private void assertRefused(byte[] plaintext, byte[] message) throws IOException {
        assertPrefix(plaintext, before(message));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThatThrownBy(() -> kms.decrypt(new ByteArrayInputStream(message))
                        .context("tenant", "acme")
                        .associatedData(ROW)
                        .to(out))
                .isInstanceOf(AuthenticationFailedException.class);
        assertPrefix(plaintext, out.toByteArray());
    }

    private static void assertPrefix(byte[] plaintext, byte[] released) {
        assertThat(released.length).isLessThanOrEqualTo(plaintext.length);
        assertThat(Arrays.equals(plaintext, 0, released.length, released, 0, released.length))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, CHUNK, 6 * CHUNK + 100})
    void decrypt_cutAnywhere_failsAndReleasesOnlyWhatIsAuthentic(int length) throws IOException {
        byte[] plaintext = random(length);
        byte[] sealed = seal(plaintext);
        int header = KeyManager.inspect(sealed).headerBytes();
        Random random = new Random(5);
        IntStream cuts = IntStream.concat(
                IntStream.rangeClosed(0, 58), // head, and a little more
                IntStream.iterate(56, at -> at <= sealed.length - header, at -> at + SEALED)
                        .flatMap(at -> IntStream.of(
                                at - 1, at, at + 1, at + 15, at + 16, at + 17, at + random.nextInt(SEALED))));
        for (int at :
                cuts.map(at -> at + header).filter(at -> at < sealed.length).toArray()) {
            byte[] cut = Arrays.copyOf(sealed, at);
            if (at - header < 56) {
                assertThatThrownBy(() -> reader(cut)).isInstanceOf(AuthenticationFailedException.class);
            } else {
                assertRefused(plaintext, cut);
            }
        }
    }

    @Test
    void decrypt_cutOrChangedInALongMessage_failsAndReleasesOnlyWhatIsAuthentic() throws IOException {
        byte[] plaintext = random(4 * SEGMENT + 3 * CHUNK);
        byte[] sealed = seal(plaintext);
        int body = KeyManager.inspect(sealed).headerBytes() + 56;
        int segment = 63 * SEALED;
        for (int cut :
                new int[] {segment, 2 * segment, 3 * segment - 1, 4 * segment, 4 * segment + SEALED, 3 * segment + 5}) {
            assertRefused(plaintext, Arrays.copyOf(sealed, body + cut));
        }
        for (int flip : new int[] {0, segment, 2 * segment + 70, 3 * segment - 1, 4 * segment + 2 * SEALED}) {
            byte[] changed = sealed.clone();
            changed[body + flip] ^= 1;
            assertRefused(plaintext, changed);
        }
    }

    @Test
    void decrypt_extendedSwappedOrRepeatedChunks_fails() throws IOException {
        byte[] plaintext = random(6 * CHUNK + 100);
        byte[] sealed = seal(plaintext);
        int body = KeyManager.inspect(sealed).headerBytes() + 56;
        for (int more : new int[] {1, 15, 16, 17, 284, SEALED - 117, SEALED - 116, SEALED, 5 * SEALED}) {
            assertRefused(plaintext, Arrays.copyOf(sealed, sealed.length + more));
        }
        byte[] swapped = sealed.clone();
        System.arraycopy(sealed, body + SEALED, swapped, body + 2 * SEALED, SEALED);
        System.arraycopy(sealed, body + 2 * SEALED, swapped, body + SEALED, SEALED);
        assertRefused(plaintext, swapped);
        byte[] doubled = Arrays.copyOf(sealed, sealed.length + SEALED);
        System.arraycopy(sealed, body + SEALED, doubled, body + 2 * SEALED, sealed.length - body - SEALED);
        assertRefused(plaintext, doubled);
        byte[] dropped = Arrays.copyOf(sealed, sealed.length - SEALED);
        System.arraycopy(sealed, body + 2 * SEALED, dropped, body + SEALED, sealed.length - body - 2 * SEALED);
        assertRefused(plaintext, dropped);
        byte[] twice = Arrays.copyOf(sealed, 2 * sealed.length);
        System.arraycopy(sealed, 0, twice, sealed.length, sealed.length);
        assertRefused(plaintext, twice);
    }

    @Test
    void decrypt_wrongContextOrData_isRefusedBeforeAnyByte() throws IOException {
        byte[] sealed = seal(random(100));
        assertThatThrownBy(() -> kms.decryptingStream(new ByteArrayInputStream(sealed))
                        .associatedData(ROW)
                        .open())
                .isInstanceOf(AuthenticationFailedException.class);
        assertThatThrownBy(() -> kms.decryptingStream(new ByteArrayInputStream(sealed))
                        .context("tenant", "acme")
                        .open())
                .isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void decrypt_noMessageAtAll_isMalformed() {
        for (byte[] bytes : new byte[][] {{}, {1}, random(1000)}) {
            assertThatThrownBy(() -> reader(bytes)).isInstanceOf(MalformedMessageException.class);
            assertThatThrownBy(() -> transfer(new ByteArrayInputStream(bytes)))
                    .isInstanceOf(MalformedMessageException.class);
            assertThatThrownBy(() -> channel(new ByteChannelOf(bytes))).isInstanceOf(MalformedMessageException.class);
        }
    }

    // ---- other suites and levels

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65535, 65536})
    void decrypt_smallSuites_areOpenedAsAWhole(int length) throws IOException {
        byte[] plaintext = random(length);
        for (Suite suite : new Suite[] {Suite.AES_256_GCM, Suite.XAES_256_GCM}) {
            byte[] sealed = kms.encrypt(plaintext)
                    .context("tenant", "acme")
                    .associatedData(ROW)
                    .suite(suite)
                    .toBytes();
            assertThat(KeyManager.inspect(sealed).suite()).isEqualTo(suite);
            assertThat(transfer(new ByteArrayInputStream(sealed))).isEqualTo(plaintext);
            try (InputStream in = reader(sealed);
                    SeekableByteChannel channel = channel(new ByteChannelOf(sealed))) {
                assertThat(in.readAllBytes()).isEqualTo(plaintext);
                assertThat(Channels.newInputStream(channel).readAllBytes()).isEqualTo(plaintext);
            }
            for (byte[] changed : new byte[][] {
                Arrays.copyOf(sealed, sealed.length - 1),
                Arrays.copyOf(sealed, sealed.length + 1),
                Arrays.copyOf(sealed, sealed.length + 100_000)
            }) {
                assertThatThrownBy(() -> reader(changed)).isInstanceOf(AuthenticationFailedException.class);
                assertThatThrownBy(() -> channel(new ByteChannelOf(changed)))
                        .isInstanceOf(AuthenticationFailedException.class);
            }
        }
    }

    @Test
    void decrypt_smallSuiteWithEndlessBody_readsNoMoreThanItMust() {
        byte[] sealed = kms.encrypt("x").toBytes();
        AtomicInteger given = new AtomicInteger();
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                int at = given.getAndIncrement();
                return at < sealed.length ? sealed[at] & 0xFF : 0;
            }
        };
        assertThatThrownBy(() -> kms.decryptingStream(endless).open())
                .isInstanceOf(AuthenticationFailedException.class);
        assertThat(given.get()).isLessThan(70_000);
    }

    @Test
    void levelNone_isCopiedAndOpenedOnlyWhenAllowed() throws IOException {
        byte[] plaintext = random(100_000);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        kms.encrypt(new ByteArrayInputStream(plaintext))
                .level(SecurityLevel.NONE)
                .context("a", "b")
                .to(out);
        byte[] clear = out.toByteArray();
        assertThat(KeyManager.inspect(clear).form()).isEqualTo(MessageInfo.Form.CLEAR);
        assertThat(Arrays.copyOfRange(clear, clear.length - plaintext.length, clear.length))
                .isEqualTo(plaintext);
        assertThatThrownBy(() -> kms.decryptingStream(new ByteArrayInputStream(clear))
                        .context("a", "b")
                        .open())
                .isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> kms.decryptingChannel(new ByteChannelOf(clear))
                        .context("a", "b")
                        .open())
                .isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> kms.decryptingStream(new ByteArrayInputStream(clear))
                        .context("a", "b")
                        .allowUnencrypted()
                        .associatedData(ROW)
                        .open())
                .isInstanceOf(RefusedException.class);
        try (InputStream in = kms.decryptingStream(new ByteArrayInputStream(clear))
                        .context("a", "b")
                        .allowUnencrypted()
                        .open();
                SeekableByteChannel channel = kms.decryptingChannel(new ByteChannelOf(clear))
                        .context("a", "b")
                        .allowUnencrypted()
                        .open()) {
            assertThat(in.readAllBytes()).isEqualTo(plaintext);
            assertThat(channel.size()).isEqualTo(plaintext.length);
            channel.position(70_000);
            assertThat(Channels.newInputStream(channel).readAllBytes())
                    .isEqualTo(Arrays.copyOfRange(plaintext, 70_000, plaintext.length));
        }
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (EncryptingOutputStream stream =
                kms.encryptingStream(target).level(SecurityLevel.NONE).open()) {
            stream.write(plaintext);
            stream.finish();
        }
        ByteArrayOutputStream opened = new ByteArrayOutputStream();
        kms.decrypt(new ByteArrayInputStream(target.toByteArray()))
                .allowUnencrypted()
                .to(opened);
        assertThat(opened.toByteArray()).isEqualTo(plaintext);
    }

    @Test
    void encrypt_anotherSuite_isRefusedByName() {
        assertThatThrownBy(() -> kms.encrypt(new ByteArrayInputStream(ROW))
                        .suite(Suite.AES_256_GCM)
                        .to(OutputStream.nullOutputStream()))
                .isInstanceOf(UnsupportedMessageException.class)
                .hasMessageContaining("AES_256_GCM");
    }

    @Test
    void encrypt_namedKeyDirectly_streamsAndRewrapsAnew() throws IOException {
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] plaintext = random(SEGMENT + 100);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        kms.encrypt(new ByteArrayInputStream(plaintext))
                .key("orders")
                .direct()
                .associatedData(ROW)
                .to(out);
        kms.key("orders").rotate();
        ByteArrayOutputStream anew = new ByteArrayOutputStream();
        Unclosed source = new Unclosed(out.toByteArray());
        kms.rewrap(source).associatedData(ROW).to(anew);
        assertThat(source.closed).isFalse();
        assertThat(kms.needsRewrap(anew.toByteArray())).isFalse();
        assertThat(kms.decrypt(anew.toByteArray()).associatedData(ROW).toBytes())
                .isEqualTo(plaintext);
        byte[] small = kms.encrypt("hello").key("orders").direct().toBytes();
        kms.key("orders").rotate();
        byte[] again = kms.rewrap(small).associatedData(new byte[0]).toBytes();
        assertThat(KeyManager.inspect(again).suite()).isEqualTo(Suite.AES_256_GCM);
        assertThat(kms.decrypt(again).toText()).isEqualTo("hello");
    }

    private static final class Unclosed extends ByteArrayInputStream {
        private boolean closed;

        Unclosed(byte[] bytes) {
            super(bytes);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    // ---- from open to closed

    @Test
    void close_beforeFinish_throwsOnceAndTheMessageDoesNotOpen() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        EncryptingOutputStream out = kms.encryptingStream(target)
                .context("tenant", "acme")
                .associatedData(ROW)
                .open();
        out.write(new byte[3 * CHUNK]);
        assertThatThrownBy(out::close).isInstanceOf(IncompleteStreamException.class);
        out.close();
        assertThatThrownBy(() -> out.write(1)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(out::finish).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> inMemory(target.toByteArray())).isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void abort_leavesNothingThatOpensAndCloseIsSilent() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (EncryptingOutputStream out = kms.encryptingStream(target)
                .context("tenant", "acme")
                .associatedData(ROW)
                .open()) {
            out.write(new byte[100]);
            out.abort();
            assertThatThrownBy(() -> out.write(1)).isInstanceOf(ClosedException.class);
            assertThatThrownBy(out::finish).isInstanceOf(ClosedException.class);
        }
        assertThatThrownBy(() -> inMemory(target.toByteArray())).isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void finish_endsTheStreamAndAbortAfterItChangesNothing() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        EncryptingOutputStream out = kms.encryptingStream(target)
                .context("tenant", "acme")
                .associatedData(ROW)
                .open();
        out.write(ROW);
        out.finish();
        assertThatThrownBy(() -> out.write(1)).isInstanceOf(ClosedException.class);
        out.flush();
        out.abort();
        out.close();
        assertThat(inMemory(target.toByteArray())).isEqualTo(ROW);
    }

    @Test
    void flush_writesWholeChunks() throws IOException {
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (EncryptingOutputStream out = kms.encryptingStream(target).open()) {
            int header = target.size();
            out.write(new byte[3 * SEGMENT + 2 * CHUNK + 5]);
            out.flush();
            assertThat(target.size() - header).isEqualTo((3 * SEGMENT / CHUNK + 2) * SEALED);
            out.abort();
        }
    }

    @Test
    void encryptingChannel_writesAndEndsLikeTheStream() throws IOException {
        byte[] plaintext = random(SEGMENT + 70_000);
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        ShortWrites sink = new ShortWrites(target);
        EncryptingChannel channel = kms.encryptingChannel(sink)
                .context("tenant", "acme")
                .associatedData(ROW)
                .open();
        ByteBuffer direct =
                ByteBuffer.allocateDirect(100_000).put(plaintext, 0, 100_000).flip();
        assertThat(channel.write(direct)).isEqualTo(100_000);
        assertThat(direct.hasRemaining()).isFalse();
        ByteBuffer heap = ByteBuffer.wrap(plaintext, 100_000, 50_000).slice();
        assertThat(channel.write(heap)).isEqualTo(50_000);
        ByteBuffer readOnly = ByteBuffer.wrap(plaintext).position(150_000).asReadOnlyBuffer();
        assertThat(channel.write(readOnly)).isEqualTo(plaintext.length - 150_000);
        assertThat(channel.write(ByteBuffer.allocateDirect(0))).isZero();
        channel.finish();
        assertThat(channel.isOpen()).isTrue();
        channel.close();
        assertThat(channel.isOpen()).isFalse();
        assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1))).isInstanceOf(ClosedChannelException.class);
        assertThat(sink.isOpen()).isTrue();
        assertThat(inMemory(target.toByteArray())).isEqualTo(plaintext);

        EncryptingChannel incomplete = kms.encryptingChannel(sink).open();
        assertThatThrownBy(incomplete::close).isInstanceOf(IncompleteStreamException.class);
        EncryptingChannel aborted = kms.encryptingChannel(sink).open();
        aborted.abort();
        aborted.close();
    }

    /** Takes a few bytes at a time, or none. */
    private static final class ShortWrites implements WritableByteChannel {
        private final ByteArrayOutputStream target;
        private final Random random = new Random(6);

        ShortWrites(ByteArrayOutputStream target) {
            this.target = target;
        }

        @Override
        public int write(ByteBuffer source) {
            int taken = random.nextInt(100) == 0 ? 0 : Math.min(source.remaining(), random.nextInt(60_000));
            byte[] bytes = new byte[taken];
            source.get(bytes);
            target.write(bytes, 0, taken);
            return taken;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            throw new AssertionError("the target is not ours to close");
        }
    }

    // ---- failures of either side

    @Test
    void sourceFails_itsErrorComesOutAndLasts() throws IOException {
        byte[] plaintext = random(3 * SEGMENT);
        byte[] sealed = seal(plaintext);
        for (int after : new int[] {0, 100, 300, 500, 5000, 20_000, SEGMENT + 5, 3 * SEGMENT}) {
            InputStream failing = new FailingAfter(sealed, after);
            if (after < KeyManager.inspect(sealed).headerBytes() + 56) {
                assertThatThrownBy(() -> reader(failing)).hasMessage("disk on fire");
                continue;
            }
            InputStream in = reader(failing);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            assertThatThrownBy(() -> in.transferTo(out))
                    .isInstanceOf(IOException.class)
                    .hasMessage("disk on fire");
            assertPrefix(plaintext, out.toByteArray());
            assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("failed before");
            in.close();
            assertThatThrownBy(in::read).isInstanceOf(ClosedException.class);
        }
        assertThatThrownBy(() ->
                        kms.encrypt(new FailingAfter(plaintext, SEGMENT + 7)).to(OutputStream.nullOutputStream()))
                .isInstanceOf(IOException.class)
                .hasMessage("disk on fire");
    }

    private static final class FailingAfter extends FilterInputStream {
        private int left;

        FailingAfter(byte[] bytes, int after) {
            super(new ByteArrayInputStream(bytes));
            left = after;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left == 0) {
                throw new IOException("disk on fire");
            }
            int read = super.read(into, offset, Math.min(left, length));
            left -= Math.max(0, read);
            return read;
        }
    }

    @Test
    void sinkFails_itsErrorComesOutAndLasts() throws IOException {
        byte[] plaintext = random(3 * SEGMENT);
        for (int after : new int[] {0, 1000, SEGMENT + 100_000, 3 * SEGMENT}) {
            int[] left = {after};
            OutputStream failing = new OutputStream() {
                @Override
                public void write(int value) throws IOException {
                    throw new AssertionError("one byte at a time");
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    left[0] -= length;
                    if (left[0] < 0) {
                        throw new IOException("disk full");
                    }
                }
            };
            if (after == 0) {
                assertThatThrownBy(() -> kms.encryptingStream(failing).open()).hasMessage("disk full");
                continue;
            }
            EncryptingOutputStream out = kms.encryptingStream(failing).open();
            assertThatThrownBy(() -> {
                        out.write(plaintext);
                        out.finish();
                    })
                    .isInstanceOf(IOException.class)
                    .hasMessage("disk full");
            assertThatThrownBy(() -> out.write(1))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("failed before");
            assertThatThrownBy(out::finish).isInstanceOf(IOException.class);
            out.abort();
            out.close();
        }
        byte[] sealed = seal(plaintext);
        assertThatThrownBy(() -> kms.decrypt(new ByteArrayInputStream(sealed))
                        .context("tenant", "acme")
                        .associatedData(ROW)
                        .to(new OutputStream() {
                            @Override
                            public void write(int value) {
                                throw new UncheckedIOException(new IOException("unchecked"));
                            }
                        }))
                .isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void managerClosed_nextChunkThrows() throws IOException {
        byte[] plaintext = random(3 * SEGMENT);
        byte[] sealed = seal(plaintext);
        Path file = Files.write(home.resolve("sealed"), sealed);
        try (FileChannel source = FileChannel.open(file)) {
            EncryptingOutputStream out =
                    kms.encryptingStream(OutputStream.nullOutputStream()).open();
            InputStream in = reader(sealed);
            SeekableByteChannel channel = channel(source);
            out.write(plaintext);
            in.readNBytes(100);
            kms.close();
            assertThatThrownBy(() -> out.write(plaintext)).isInstanceOf(ClosedException.class);
            assertThatThrownBy(out::finish).isInstanceOf(ClosedException.class);
            assertThatThrownBy(in::readAllBytes).isInstanceOf(ClosedException.class);
            assertThatThrownBy(in::read).isInstanceOf(ClosedException.class);
            assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1))).isInstanceOf(ClosedException.class);
            assertThatThrownBy(out::close).isInstanceOf(IncompleteStreamException.class);
            in.close();
            channel.close();
        }
    }

    @Test
    void managerClosed_endsATransferUnderWay() {
        InputStream endless = new InputStream() {
            private long given;

            @Override
            public int read() {
                return 0;
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                given += length;
                if (given > 4L * SEGMENT) {
                    kms.close();
                }
                return length;
            }
        };
        assertThatThrownBy(() -> kms.encrypt(endless).to(OutputStream.nullOutputStream()))
                .isInstanceOf(ClosedException.class);
    }

    // ---- threads

    /** Executors that do not what they should. */
    static Stream<Executor> badExecutors() {
        return Stream.of(
                task -> {
                    throw new RejectedExecutionException("no");
                },
                task -> {}, // drops it
                Runnable::run,
                task -> { // late
                    Thread thread = new Thread(() -> {
                        try {
                            Thread.sleep(20);
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                        task.run();
                    });
                    thread.setDaemon(true);
                    thread.start();
                },
                task -> { // interrupted all the time
                    Thread thread = new Thread(() -> {
                        Thread.currentThread().interrupt();
                        task.run();
                    });
                    thread.setDaemon(true);
                    thread.start();
                });
    }

    @ParameterizedTest
    @MethodSource("badExecutors")
    void streams_onAnyExecutor_work(Executor executor) throws IOException {
        byte[] plaintext = random(20 * SEGMENT + 1);
        try (KeyManager odd = with(executor)) {
            byte[] sealed = seal(odd, plaintext);
            assertThat(transfer(odd, new ByteArrayInputStream(sealed))).isEqualTo(plaintext);
            byte[] whole = odd.encrypt(plaintext).toBytes();
            assertThat(odd.decrypt(whole).toBytes()).isEqualTo(plaintext);
        }
    }

    @Test
    void streams_interruptedThread_goOnAndKeepTheFlag() throws IOException {
        byte[] plaintext = random(10 * SEGMENT);
        Thread.currentThread().interrupt();
        try {
            byte[] sealed = seal(plaintext);
            assertThat(transfer(new ByteArrayInputStream(sealed))).isEqualTo(plaintext);
            assertThat(kms.decrypt(kms.encrypt(plaintext).toBytes()).toBytes()).isEqualTo(plaintext);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void streams_manyAtOnce_doNotDisturbOneAnother() throws Exception {
        AtomicInteger good = new AtomicInteger();
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; i++) {
            byte[] plaintext = random(3 * SEGMENT + i);
            threads[i] = new Thread(() -> {
                try {
                    for (int round = 0; round < 3; round++) {
                        byte[] sealed = seal(plaintext);
                        if (Arrays.equals(plaintext, transfer(new ByteArrayInputStream(sealed)))) {
                            good.incrementAndGet();
                        }
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(good.get()).isEqualTo(24);
    }

    @Test
    void decryptingStream_neverWaitsForMoreThanTheNextChunkNeeds() throws IOException {
        byte[] plaintext = random(3 * SEGMENT);
        byte[] sealed = seal(plaintext);
        int head = KeyManager.inspect(sealed).headerBytes() + 56;
        int[] given = {0};
        int[] wantedAtMost = {sealed.length};
        // Has what it has, says so, and fails where a real one would wait.
        InputStream interactive = new InputStream() {
            @Override
            public int read() {
                throw new AssertionError("one byte at a time");
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                int taken = Math.min(length, wantedAtMost[0] - given[0]);
                if (taken == 0 && length > 0) {
                    throw new AssertionError("would wait at " + given[0]);
                }
                System.arraycopy(sealed, given[0], into, offset, taken);
                given[0] += taken;
                return taken;
            }

            @Override
            public int available() {
                return wantedAtMost[0] - given[0];
            }
        };
        Random random = new Random(7);
        wantedAtMost[0] = head + SEALED + 3;
        try (InputStream in = reader(interactive)) {
            byte[] buffer = new byte[plaintext.length];
            int at = 0;
            int chunks = 1;
            while (chunks < 180) {
                int due = chunks * CHUNK;
                while (at < due) {
                    at += in.read(buffer, at, due - at);
                }
                chunks += 1 + random.nextInt(40);
                wantedAtMost[0] = Math.min(sealed.length, head + chunks * SEALED + random.nextInt(SEALED));
            }
            assertThat(Arrays.equals(plaintext, 0, at, buffer, 0, at)).isTrue();
        }
    }

    // ---- at any position

    @ParameterizedTest
    @ValueSource(ints = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, 40 * CHUNK + 77})
    void decryptingChannel_atRandom_agreesWithThePlaintext(int length) throws IOException {
        byte[] plaintext = random(length);
        byte[] sealed = seal(plaintext);
        Path file = home.resolve("at-random");
        byte[] shifted = new byte[1000 + sealed.length];
        System.arraycopy(sealed, 0, shifted, 1000, sealed.length);
        Files.write(file, shifted);
        try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
            source.position(1000);
            ByteChannelOf other = new ByteChannelOf(shifted);
            other.position(1000);
            for (SeekableByteChannel message : new SeekableByteChannel[] {source, other}) {
                SeekableByteChannel channel = channel(message);
                assertThat(channel.size()).isEqualTo(length);
                assertThat(channel.position()).isZero();
                Random random = new Random(8);
                for (int i = 0; i < 200; i++) {
                    int at = random.nextInt(4) == 0 && length > 0
                            ? Math.min(length, random.nextInt(length / CHUNK + 1) * CHUNK)
                            : random.nextInt(length + 10);
                    int wanted = random.nextInt(3 * CHUNK);
                    ByteBuffer target =
                            random.nextBoolean() ? ByteBuffer.allocate(wanted) : ByteBuffer.allocateDirect(wanted);
                    channel.position(at);
                    int read = channel.read(target);
                    int due = Math.max(0, Math.min(wanted, length - at));
                    assertThat(read).isEqualTo(wanted == 0 ? 0 : at >= length ? -1 : due);
                    byte[] got = new byte[due];
                    target.flip().get(got);
                    assertThat(got)
                            .isEqualTo(Arrays.copyOfRange(plaintext, Math.min(at, length), Math.min(at, length) + due));
                    assertThat(channel.position()).isEqualTo(at + due);
                }
                channel.position(0);
                assertThat(Channels.newInputStream(channel).readAllBytes()).isEqualTo(plaintext);
                channel.position(Long.MAX_VALUE);
                assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
                assertThatThrownBy(() -> channel.position(-1)).isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
                        .isInstanceOf(NonWritableChannelException.class);
                assertThatThrownBy(() -> channel.truncate(0)).isInstanceOf(NonWritableChannelException.class);
                channel.close();
                assertThat(channel.isOpen()).isFalse();
                assertThat(message.isOpen()).isTrue();
                assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
                        .isInstanceOf(ClosedChannelException.class);
                assertThatThrownBy(channel::size).isInstanceOf(ClosedChannelException.class);
            }
            assertThat(source.position()).isEqualTo(1000);
        }
    }

    @Test
    void decryptingChannel_cutAnywhere_isRefusedAtOnce() throws IOException {
        byte[] sealed = seal(random(3 * CHUNK + 50));
        int header = KeyManager.inspect(sealed).headerBytes();
        for (int at = header; at < sealed.length; at += at < header + 100 ? 1 : 101) {
            byte[] cut = Arrays.copyOf(sealed, at);
            assertThatThrownBy(() -> channel(new ByteChannelOf(cut))).isInstanceOf(AuthenticationFailedException.class);
        }
        for (int k = 1; k <= 3; k++) {
            byte[] cut = Arrays.copyOf(sealed, header + 56 + k * SEALED);
            assertThatThrownBy(() -> channel(new ByteChannelOf(cut))).isInstanceOf(AuthenticationFailedException.class);
        }
    }

    @Test
    void decryptingChannel_changedChunk_failsThereAndStaysFailed() throws IOException {
        byte[] plaintext = random(3 * CHUNK + 50);
        byte[] sealed = seal(plaintext);
        sealed[KeyManager.inspect(sealed).headerBytes() + 56 + SEALED + 9] ^= 4;
        SeekableByteChannel channel = channel(new ByteChannelOf(sealed));
        ByteBuffer target = ByteBuffer.allocate(CHUNK);
        assertThat(channel.read(target)).isEqualTo(CHUNK);
        assertThat(target.array()).isEqualTo(Arrays.copyOf(plaintext, CHUNK));
        assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
                .isInstanceOf(AuthenticationFailedException.class);
        channel.position(0);
        assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
                .isInstanceOf(AuthenticationFailedException.class);
        channel.close();
    }

    /** A channel in memory whose reads are short. */
    private static final class ByteChannelOf implements SeekableByteChannel {
        private final byte[] bytes;
        private final Random random = new Random(9);
        private long position;

        ByteChannelOf(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public int read(ByteBuffer target) {
            if (position >= bytes.length) {
                return -1;
            }
            int most = (int) Math.min(target.remaining(), bytes.length - position);
            int taken = random.nextInt(10) == 0 ? 0 : Math.min(most, 1 + random.nextInt(20_000));
            target.put(bytes, (int) position, taken);
            position += taken;
            return taken;
        }

        @Override
        public int write(ByteBuffer source) {
            throw new NonWritableChannelException();
        }

        @Override
        public long position() {
            return position;
        }

        @Override
        public SeekableByteChannel position(long wanted) {
            position = wanted;
            return this;
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public SeekableByteChannel truncate(long size) {
            throw new NonWritableChannelException();
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            throw new AssertionError("the source is not ours to close");
        }
    }

    @Test
    void encryptingStream_processRestored_takesNoMoreAndWritesNothingElse() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        EncryptingOutputStream stream = kms.encryptingStream(out).open();
        stream.write(random(2 * CHUNK + 5));
        int before = out.size();
        kms.afterRestore();

        assertThatThrownBy(stream::finish).isInstanceOf(ClosedException.class).hasMessageContaining("restored");

        assertThat(out.size()).isEqualTo(before);
        assertThatThrownBy(() -> stream.write(1)).isInstanceOf(ClosedException.class);
        stream.close();
        assertThat(kms.decrypt(kms.encrypt(random(100_000)).toBytes()).toBytes())
                .isEqualTo(random(100_000));
    }
}
