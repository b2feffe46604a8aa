package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.WrappedKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Data keys that are fetched before their messages are opened. */
@Timeout(60)
class PrefetchTest {
    private static final int KEYS = 50;
    private static final Supplier<KmsException> AWAY = () -> new UnavailableException("Away.", "A test.", "Wait.");

    private final FaultyMasterKey masterKey = new FaultyMasterKey("first");
    private final List<byte[]> messages = new ArrayList<>();
    private final AtomicInteger batches = new AtomicInteger();
    private UnaryOperator<List<Optional<SecretBytes>>> answer = UnaryOperator.identity();
    private KeyManager kms = KeyManager.builder().masterKey(masterKey).build();

    @BeforeEach
    void seal() {
        try (KeyManager sealing =
                KeyManager.builder().masterKey(masterKey.twin()).build()) {
            for (int i = 0; i < 3 * KEYS; i++) {
                messages.add(
                        sealing.encrypt("m" + i).context("n", "" + i % KEYS).toBytes());
            }
        }
    }

    @AfterEach
    void close() {
        masterKey.behave();
        kms.close();
    }

    private void inBatches() {
        kms = KeyManager.builder().masterKey(new Batching()).retryAttempts(1).build();
    }

    /** The same key at a provider that unwraps twenty at once. */
    private final class Batching extends ForwardingMasterKey {
        Batching() {
            super(masterKey);
        }

        @Override
        public int largestBatch() {
            return 20;
        }

        @Override
        public List<Optional<SecretBytes>> unwrapAll(List<WrappedKey> wrapped) {
            assertThat(wrapped).hasSizeBetween(1, 20);
            batches.incrementAndGet();
            return answer.apply(
                    wrapped.stream().map(PrefetchTest.this::unwrapped).toList());
        }

        @Override
        public void close() {} // the first manager has it too
    }

    private Optional<SecretBytes> unwrapped(WrappedKey one) {
        try {
            return Optional.of(masterKey.unwrap(one.recipient(), one.binding()));
        } catch (AuthenticationFailedException e) {
            return Optional.empty();
        }
    }

    private void assertAllOpenWithoutAProvider() {
        masterKey.fail(Operation.UNWRAP, 1_000_000, AWAY);
        for (int i = 0; i < messages.size(); i++) {
            assertThat(kms.decrypt(messages.get(i)).context("n", "" + i % KEYS).toText())
                    .isEqualTo("m" + i);
        }
    }

    @Test
    void prefetch_fetchesEachDataKeyOnce_soThatOpeningAsksNobody() {
        kms.prefetch(messages);
        assertThat(masterKey.calls(Operation.UNWRAP)).isEqualTo(KEYS);
        kms.prefetch(messages);
        assertThat(masterKey.calls(Operation.UNWRAP)).isEqualTo(KEYS);
        assertAllOpenWithoutAProvider();
    }

    @Test
    void prefetch_withAProviderThatUnwrapsSeveral_takesOneCallForTwenty() {
        inBatches();
        kms.prefetch(messages);
        assertThat(batches).hasValue(3);
        assertThat(kms.metrics().masterKeys().get(0).calls()).isEqualTo(3);
        assertThat(kms.metrics().openingMisses()).isEqualTo(KEYS);
        kms.prefetch(messages);
        assertThat(batches).hasValue(3);
        assertAllOpenWithoutAProvider();
    }

    @Test
    void prefetch_ofWhatIsRefused_leavesItToItsOpening() {
        inBatches();
        answer = all -> {
            List<Optional<SecretBytes>> less = new ArrayList<>(all);
            less.set(0, Optional.empty());
            less.set(1, Optional.of(SecretBytes.owning(new byte[31])));
            return less;
        };
        kms.prefetch(messages.subList(0, 20));
        assertThat(kms.metrics().openingKeys()).isEqualTo(18);
        int before = masterKey.calls(Operation.UNWRAP);
        assertThat(kms.decrypt(messages.get(0)).context("n", "0").toText()).isEqualTo("m0");
        assertThat(kms.decrypt(messages.get(1)).context("n", "1").toText()).isEqualTo("m1");
        assertThat(masterKey.calls(Operation.UNWRAP)).isEqualTo(before + 2);
    }

    @Test
    void prefetch_ofAnswersOfAnotherNumber_keepsNone() {
        inBatches();
        List<SecretBytes> given = new ArrayList<>();
        answer = all -> {
            all.forEach(one -> given.add(one.orElseThrow()));
            return all.subList(1, all.size());
        };
        kms.prefetch(messages);
        assertThat(kms.metrics().openingKeys()).isZero();
        assertThat(given).hasSize(20);
        assertThat(given.subList(1, 20))
                .allSatisfy(secret -> assertThatThrownBy(secret::copy).isInstanceOf(IllegalStateException.class));
    }

    @Test
    void prefetch_whileTheProviderIsAway_endsSoonAndSaysNothing() {
        masterKey.fail(Operation.UNWRAP, 1_000_000, AWAY);
        inBatches();
        kms.prefetch(messages);
        assertThat(batches).as("the other batches would wait for the same").hasValue(1);
        assertThatThrownBy(() -> kms.decrypt(messages.get(0)).context("n", "0").toText())
                .isInstanceOf(UnavailableException.class);
    }

    @Test
    void prefetch_ofWhatIsNoMessage_throwsBeforeAnybodyIsAsked() {
        messages.add(new byte[] {1, 2, 3});
        assertThatThrownBy(() -> kms.prefetch(messages)).isInstanceOf(MalformedMessageException.class);
        assertThat(masterKey.calls(Operation.UNWRAP)).isZero();
    }

    @Test
    void prefetch_ofForeignMessages_asksNobody() {
        List<byte[]> foreign = new ArrayList<>();
        try (KeyManager other =
                KeyManager.builder().masterKey(new FaultyMasterKey("other")).build()) {
            foreign.add(other.encrypt("m").toBytes());
        }
        kms.prefetch(foreign);
        assertThat(masterKey.calls()).isZero();
    }
}
