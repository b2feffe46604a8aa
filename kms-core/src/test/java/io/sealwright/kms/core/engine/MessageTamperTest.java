package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.local.LocalKeyProvider;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnsupportedMessageException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.testkit.time.ManualTime;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every bit of a message flipped, every cut, what may stand behind it: each is refused by one of the errors that opening
 * may give, and by the same one whether the message's keys are in the cache or not.
 */
class MessageTamperTest {
    private static final Set<Class<?>> ALLOWED = Set.of(
            MalformedMessageException.class,
            UnsupportedMessageException.class,
            NoMatchingRecipientException.class,
            RefusedException.class,
            AuthenticationFailedException.class);
    private static final byte[] ROW = "row 17".getBytes(StandardCharsets.UTF_8);
    private static final Duration AGE = Duration.ofMinutes(5);

    @TempDir
    Path home;

    private enum Form {
        MASTER_KEY,
        MASTER_KEYS,
        NAMED_KEY,
        NAMED_AND_MASTER_KEY,
        DIRECT
    }

    /** A kind of message, and what came of tampering with it. */
    private record Shape(Form form, Suite suite, boolean bound, int length) {}

    @Test
    @Timeout(120)
    void decrypt_everyBitFlippedCutAndExtended_isRefusedAlikeHotAndCold() {
        for (String name : List.of("default", "second")) {
            new LocalKeyProvider()
                    .open(
                            MasterKeyUri.parse("local://" + name),
                            new ProviderSettings(home, true, Duration.ofSeconds(10), TimeSource.system()))
                    .close();
        }
        List<Shape> shapes = new ArrayList<>();
        for (Suite suite : new Suite[] {Suite.AES_256_GCM, Suite.XAES_256_GCM, Suite.CHUNKED_AES_256_GCM}) {
            for (boolean bound : new boolean[] {false, true}) {
                for (Form form : new Form[] {Form.MASTER_KEY, Form.DIRECT}) {
                    shapes.add(new Shape(form, suite, bound, 40));
                }
            }
        }
        shapes.add(new Shape(Form.MASTER_KEYS, Suite.AES_256_GCM, true, 40));
        shapes.add(new Shape(Form.NAMED_KEY, Suite.AES_256_GCM, true, 0));
        shapes.add(new Shape(Form.NAMED_AND_MASTER_KEY, Suite.XAES_256_GCM, true, 1));
        shapes.add(new Shape(Form.MASTER_KEY, Suite.AES_256_GCM, true, 65537));
        shapes.add(new Shape(Form.DIRECT, Suite.CHUNKED_AES_256_GCM, false, 65536));
        Map<Class<?>, Long> seen = new ConcurrentHashMap<>();
        long tried =
                shapes.parallelStream().mapToLong(shape -> attack(shape, seen)).sum();
        // Nothing is proved by a loop that did not run.
        assertThat(tried).isGreaterThan(40_000);
        assertThat(seen.keySet()).isEqualTo(ALLOWED);
    }

    private long attack(Shape shape, Map<Class<?>, Long> seen) {
        try (Attack attack = new Attack(shape)) {
            long tried = 0;
            for (byte[] changed : attack.changes()) {
                Class<?> answer = attack.refused(changed);
                seen.merge(answer, 1L, Long::sum);
                tried++;
            }
            attack.opensStill();
            return tried;
        }
    }

    /** One message, and a manager whose caches either know its keys or have just aged. */
    private final class Attack implements AutoCloseable {
        private final Shape shape;
        private final ManualTime time = new ManualTime();
        private final KeyManager kms;
        private final byte[] plaintext;
        private final byte[] message;
        private final Random random = new Random(17);

        Attack(Shape shape) {
            this.shape = shape;
            kms = KeyManager.builder()
                    .home(home)
                    .masterKey("local://default")
                    .alsoWrapWith("local://second")
                    .store(NamedKeyStore.inMemory())
                    .timeSource(time)
                    .dataKeys(policy -> policy.maxAge(AGE))
                    .build();
            plaintext = new byte[shape.length()];
            random.nextBytes(plaintext);
            kms.keys().create("orders", KeySpec.AES_256);
            message = seal();
            opensStill();
        }

        private byte[] seal() {
            var encryption = kms.encrypt(plaintext).suite(shape.suite());
            if (shape.bound()) {
                encryption.context("tenant", "acme").associatedData(ROW);
            }
            switch (shape.form()) {
                case MASTER_KEY -> encryption.masterKey("local://second");
                case MASTER_KEYS -> {}
                case NAMED_KEY -> encryption.key("orders");
                case NAMED_AND_MASTER_KEY -> encryption.key("orders").masterKey("local://default");
                case DIRECT -> encryption.key("orders").direct();
            }
            return encryption.toBytes();
        }

        private byte[] open(byte[] bytes) {
            var decryption = kms.decrypt(bytes);
            if (shape.bound()) {
                decryption.context("tenant", "acme").associatedData(ROW);
            }
            return decryption.toBytes();
        }

        void opensStill() {
            assertThat(open(message)).isEqualTo(plaintext);
            assertThat(open(message)).isEqualTo(plaintext);
        }

        /** The one answer to a changed message. */
        Class<?> refused(byte[] changed) {
            opensStill();
            Throwable hot = answer(changed);
            time.advance(AGE);
            Throwable cold = answer(changed);
            assertThat(hot).isInstanceOf(KmsException.class);
            assertThat(ALLOWED).contains(hot.getClass());
            assertThat(cold).hasSameClassAs(hot).hasMessage(hot.getMessage());
            return hot.getClass();
        }

        private Throwable answer(byte[] changed) {
            try {
                open(changed);
            } catch (Throwable e) {
                return e;
            }
            return new AssertionError("a changed message of " + shape + " was opened");
        }

        List<byte[]> changes() {
            List<byte[]> changes = new ArrayList<>();
            flips().forEach(bit -> {
                byte[] flipped = message.clone();
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                changes.add(flipped);
            });
            lengths().forEach(length -> changes.add(Arrays.copyOf(message, length)));
            for (int more : new int[] {1, 16, 28, 100}) {
                byte[] zeros = Arrays.copyOf(message, message.length + more);
                byte[] randoms = zeros.clone();
                for (int i = message.length; i < randoms.length; i++) {
                    randoms[i] = (byte) random.nextInt();
                }
                changes.add(zeros);
                changes.add(randoms);
            }
            byte[] twice = Arrays.copyOf(message, 2 * message.length);
            System.arraycopy(message, 0, twice, message.length, message.length);
            changes.add(twice);
            changes.add(Arrays.copyOfRange(message, 1, message.length));
            if (chunks() > 2) {
                changes.add(chunksSwapped());
            }
            return changes;
        }

        private int headerLength() {
            return KeyManager.inspect(message).headerBytes();
        }

        private boolean chunked() {
            return KeyManager.inspect(message).suiteId() == 4;
        }

        private int body() {
            return headerLength() + ChunkKeys.HEAD_BYTES;
        }

        private int chunks() {
            return chunked() ? (message.length - body() - 1) / ChunkedCipher.SEALED_CHUNK_BYTES + 1 : 0;
        }

        /** Every bit; of the chunks only the first and last bytes of ciphertext and tag, and some between. */
        private Set<Integer> flips() {
            int whole = chunks() > 1 ? body() : message.length;
            Set<Integer> bits = new TreeSet<>();
            for (int bit = 0; bit < 8 * whole; bit++) {
                bits.add(bit);
            }
            for (int at : edges()) {
                bits.add(8 * at + random.nextInt(8));
            }
            return bits;
        }

        private Set<Integer> edges() {
            Set<Integer> bytes = new TreeSet<>();
            for (int chunk = 0; chunk < chunks() && chunks() > 1; chunk++) {
                int from = body() + chunk * ChunkedCipher.SEALED_CHUNK_BYTES;
                int to = Math.min(message.length, from + ChunkedCipher.SEALED_CHUNK_BYTES);
                for (int at : new int[] {from, from + 1, (from + to) / 2, to - 17, to - 16, to - 15, to - 2, to - 1}) {
                    bytes.add(Math.min(to - 1, Math.max(from, at)));
                }
                bytes.add(from + random.nextInt(to - from));
            }
            return bytes;
        }

        /** Every length below the whole; of chunked messages those up to the first chunk and round every edge. */
        private Set<Integer> lengths() {
            Set<Integer> lengths = new TreeSet<>();
            int whole = chunks() > 1 ? body() + 40 : message.length;
            for (int length = 0; length < whole; length++) {
                lengths.add(length);
            }
            edges().forEach(lengths::add);
            lengths.remove(message.length);
            return lengths;
        }

        private byte[] chunksSwapped() {
            byte[] swapped = message.clone();
            int size = ChunkedCipher.SEALED_CHUNK_BYTES;
            System.arraycopy(message, body(), swapped, body() + size, size);
            System.arraycopy(message, body() + size, swapped, body(), size);
            return swapped;
        }

        @Override
        public void close() {
            kms.close();
        }
    }
}
