package io.sealwright.kms.core.passphrase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Argon2id;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class PassphraseRingTest {
    private static final PassphrasePolicy QUICK = PassphrasePolicy.pbkdf2(PassphrasePolicy.FEWEST_ITERATIONS);
    private static final PassphrasePolicy ARGON = PassphrasePolicy.argon2id(19 << 10, 2, 1);
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final Passphrase passphrase = passphrase("correct horse battery staple, twice");
    private final Passphrase other = passphrase("another passphrase of some length....");
    private final SecretBytes key = SecretBytes.owning(new byte[32]);
    private final AtomicInteger derivations = new AtomicInteger();

    @Test
    void unwrap_ofItsOwnWrap_givesTheKeyInAnotherRing() {
        try (PassphraseRing ring = new PassphraseRing(QUICK);
                PassphraseRing elsewhere = new PassphraseRing(PassphrasePolicy.defaults())) {
            Recipient wrapped = ring.wrap(passphrase, key, BINDING);
            assertThat(wrapped.kind()).isEqualTo(3);
            assertThat(wrapped.id()).hasSize(24);
            assertThat(wrapped.wrap()).hasSize(26 + 72);
            assertThat(elsewhere
                            .unwrap(List.of(other, passphrase), wrapped, BINDING)
                            .copy())
                    .as("opened by the second of two")
                    .isEqualTo(key.copy());
        }
    }

    @Test
    void unwrap_otherPassphraseOrBinding_isOneAuthenticationError() {
        try (PassphraseRing ring = new PassphraseRing(QUICK)) {
            Recipient wrapped = ring.wrap(passphrase, key, BINDING);
            WrapBinding elsewhere = new WrapBinding(Purpose.STORE_KEY, BINDING.context());
            assertThatThrownBy(() -> ring.unwrap(List.of(other), wrapped, BINDING))
                    .isInstanceOf(AuthenticationFailedException.class);
            assertThatThrownBy(() -> ring.unwrap(List.of(passphrase), wrapped, elsewhere))
                    .isInstanceOf(AuthenticationFailedException.class);
        }
    }

    @Test
    void unwrap_anyByteOfTheParametersChanged_doesNotOpen() {
        try (PassphraseRing ring = counting(QUICK)) {
            Recipient wrapped = ring.wrap(passphrase, key, BINDING);
            for (int at : new int[] {0, 1, 4, 5, 9, 10, 25, 26, 97}) {
                byte[] wrap = wrapped.wrap();
                wrap[at] ^= 1;
                Recipient changed = new Recipient(3, wrapped.id(), wrap);
                assertThatThrownBy(() -> ring.unwrap(List.of(passphrase), changed, BINDING))
                        .as("byte " + at)
                        .isInstanceOf(AuthenticationFailedException.class);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 209999, 0, 0",
        "1, 10000001, 0, 0",
        "1, -1, 0, 0",
        "1, 600000, 1, 0",
        "1, 600000, 0, 1",
        "2, 1, 19456, 1",
        "2, 11, 19456, 1",
        "2, 2, 19455, 1",
        "2, 2, 1048577, 1",
        "2, 2, -1, 1",
        "2, 2, 19456, 0",
        "2, 2, 19456, 17",
        "0, 600000, 0, 0",
        "3, 600000, 0, 0"
    })
    void unwrap_parametersOutsideTheLimits_isRefusedBeforeAnyWork(int kdf, int passes, int memory, int lanes) {
        byte[] wrap = ByteBuffer.allocate(98)
                .put((byte) kdf)
                .putInt(passes)
                .putInt(memory)
                .put((byte) lanes)
                .array();
        try (PassphraseRing ring = counting(ARGON)) {
            assertThatThrownBy(() -> ring.unwrap(List.of(passphrase), new Recipient(3, new byte[24], wrap), BINDING))
                    .isInstanceOf(AuthenticationFailedException.class);
            assertThat(derivations).as("no work").hasValue(0);
        }
    }

    @Test
    void unwrap_wrapTooShort_isRefused() {
        try (PassphraseRing ring = counting(ARGON)) {
            for (int length : new int[] {1, 25, 26, 65, 66, 97}) {
                byte[] wrap = Arrays.copyOf(ring.wrap(passphrase, key, BINDING).wrap(), length);
                assertThatThrownBy(
                                () -> ring.unwrap(List.of(passphrase), new Recipient(3, new byte[24], wrap), BINDING))
                        .as(length + " bytes")
                        .isInstanceOf(AuthenticationFailedException.class);
            }
        }
    }

    @Test
    void wrap_manyTimes_derivesOnce() {
        try (PassphraseRing ring = counting(ARGON)) {
            Recipient first = ring.wrap(passphrase, key, BINDING);
            for (int i = 0; i < 50; i++) {
                assertThat(ring.wrap(passphrase, key, BINDING).id()).isEqualTo(first.id());
            }
            ring.unwrap(List.of(passphrase), first, BINDING).close();
            assertThat(derivations).hasValue(1);
        }
    }

    @Test
    void unwrap_ofManySalts_keepsSixteenKeysAndDerivesOneAtATime() throws Exception {
        AtomicInteger under = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Argon2id slow = (text, salt, memory, passes, lanes, bytes) -> {
            derivations.incrementAndGet();
            most.accumulateAndGet(under.incrementAndGet(), Math::max);
            try {
                Thread.sleep(2);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            under.decrementAndGet();
            return Arrays.copyOf(salt, bytes);
        };
        List<Recipient> wraps = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            try (PassphraseRing sender = new PassphraseRing(ARGON, () -> Optional.of(slow))) {
                wraps.add(sender.wrap(passphrase, key, BINDING));
            }
        }
        derivations.set(0);
        int threads = 8;
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (PassphraseRing ring = new PassphraseRing(ARGON, () -> Optional.of(slow))) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                all.add(pool.submit(() -> {
                    start.await();
                    for (Recipient wrap : wraps.subList(0, 16)) {
                        ring.unwrap(List.of(passphrase), wrap, BINDING).close();
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
            assertThat(most).hasValue(1);
            assertThat(derivations).as("each salt once, however many ask").hasValue(16);
            wraps.subList(16, 20)
                    .forEach(wrap ->
                            ring.unwrap(List.of(passphrase), wrap, BINDING).close());
            ring.unwrap(List.of(passphrase), wraps.get(19), BINDING).close();
            assertThat(derivations).hasValue(20);
            ring.unwrap(List.of(passphrase), wraps.get(0), BINDING).close();
            assertThat(derivations).as("the oldest was dropped").hasValue(21);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void unwrap_interrupted_endsSoonAndKeepsTheFlag() throws Exception {
        byte[] wrap = ByteBuffer.allocate(98).put((byte) 1).putInt(10_000_000).array();
        try (PassphraseRing ring = new PassphraseRing(QUICK)) {
            Thread worker = Thread.currentThread();
            Thread interrupter = new Thread(() -> {
                try {
                    Thread.sleep(100);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                worker.interrupt();
            });
            interrupter.start();
            assertThatThrownBy(() -> ring.unwrap(List.of(passphrase), new Recipient(3, new byte[24], wrap), BINDING))
                    .isInstanceOf(CallInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
            interrupter.join();
        }
    }

    @Test
    void argon2id_withoutItsModule_namesTheArtifact() {
        Recipient wrapped;
        try (PassphraseRing sender = counting(ARGON)) {
            wrapped = sender.wrap(passphrase, key, BINDING);
        }
        try (PassphraseRing ring = new PassphraseRing(ARGON, Optional::empty)) {
            assertThatThrownBy(() -> ring.wrap(passphrase, key, BINDING))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("io.sealwright:kms-argon2");
            assertThatThrownBy(() -> ring.unwrap(List.of(passphrase), wrapped, BINDING))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("io.sealwright:kms-argon2");
        }
    }

    @Test
    void isOutdated_otherParametersOrOtherPassphrase_isTrue() {
        try (PassphraseRing ring = counting(ARGON);
                PassphraseRing stronger = counting(PassphrasePolicy.argon2id(64 << 10, 3, 4))) {
            Recipient current = ring.wrap(passphrase, key, BINDING);
            Recipient old = ring.wrap(other, key, BINDING);
            assertThat(ring.isOutdated(passphrase, current)).isFalse();
            assertThat(ring.isOutdated(passphrase, old)).isTrue();
            assertThat(ring.isOutdated(passphrase, stronger.wrap(passphrase, key, BINDING)))
                    .isTrue();
        }
    }

    /** Each process draws a salt of its own: without the key, a wrap of another passphrase looks like one of this. */
    @Test
    void isOutdated_wrapOfAnotherRing_isTrueUntilItWasUnwrapped_andThenExact() {
        try (PassphraseRing elsewhere = counting(ARGON);
                PassphraseRing ring = counting(ARGON)) {
            Recipient current = elsewhere.wrap(passphrase, key, BINDING);
            Recipient old = elsewhere.wrap(other, key, BINDING);
            assertThat(ring.isOutdated(passphrase, old)).isTrue();
            assertThat(ring.isOutdated(passphrase, current))
                    .as("nobody can tell yet")
                    .isTrue();
            for (Recipient wrap : List.of(current, old)) {
                ring.unwrap(List.of(passphrase, other), wrap, BINDING).close();
            }
            assertThat(ring.isOutdated(passphrase, old)).isTrue();
            assertThat(ring.isOutdated(passphrase, current)).isFalse();
        }
    }

    @Test
    void wrap_passphraseDroppedWhileItIsStretched_keepsNoKeyOfIt() {
        AtomicReference<PassphraseRing> itself = new AtomicReference<>();
        Passphrase dropped = passphrase("dropped by its source while it works");
        Argon2id slow = (text, salt, memory, passes, lanes, bytes) -> {
            dropped.close();
            itself.get().forget(dropped);
            return Arrays.copyOf(salt, bytes);
        };
        Recipient elsewhere;
        try (PassphraseRing sender =
                new PassphraseRing(ARGON, () -> Optional.of((t, salt, m, p, l, bytes) -> Arrays.copyOf(salt, bytes)))) {
            elsewhere = sender.wrap(other, key, BINDING);
        }
        try (PassphraseRing ring = new PassphraseRing(ARGON, () -> Optional.of(slow))) {
            itself.set(ring);
            assertThatThrownBy(() -> ring.unwrap(List.of(dropped), elsewhere, BINDING))
                    .isInstanceOf(ClosedException.class);
            assertThatThrownBy(() -> ring.unwrap(List.of(dropped), elsewhere, BINDING))
                    .as("nothing was kept, and there is nothing to stretch")
                    .isInstanceOf(ClosedException.class)
                    .hasMessageContaining("The passphrase was dropped");
        }
    }

    @Test
    void wrap_noMemoryForArgon2id_isOverloadAndSaysHowMuchIsTaken() {
        Argon2id hungry = (text, salt, memory, passes, lanes, bytes) -> {
            throw new OutOfMemoryError("a test");
        };
        try (PassphraseRing ring = new PassphraseRing(ARGON, () -> Optional.of(hungry))) {
            assertThatThrownBy(() -> ring.wrap(passphrase, key, BINDING))
                    .isInstanceOf(OverloadedException.class)
                    .hasMessageContaining("19456 KiB");
        }
    }

    @Test
    void close_thenWrap_isRefused() {
        PassphraseRing ring = counting(ARGON);
        ring.close();
        assertThatThrownBy(() -> ring.wrap(passphrase, key, BINDING)).isInstanceOf(ClosedException.class);
    }

    private PassphraseRing counting(PassphrasePolicy policy) {
        return new PassphraseRing(
                policy,
                () -> Optional.of((text, salt, memory, passes, lanes, bytes) -> {
                    derivations.incrementAndGet();
                    byte[] derived = new byte[bytes];
                    for (int i = 0; i < text.length + salt.length; i++) {
                        derived[i % bytes] = (byte) (31 * derived[i % bytes]
                                + (i < text.length ? text[i] : salt[i - text.length])
                                + passes);
                    }
                    return derived;
                }));
    }

    private static Passphrase passphrase(String text) {
        return new Passphrase(SecretBytes.owning(text.getBytes(StandardCharsets.UTF_8)));
    }
}
