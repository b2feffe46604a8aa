package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import io.sealwright.kms.testkit.store.ForwardingKeyStore;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A key that was rotated by its provider's own tools: what is outdated is told by a process that has just begun. */
@Timeout(60)
class NewestVersionTest {
    private final FaultyMasterKey provider = new FaultyMasterKey("first");
    private final ManualTime time = new ManualTime();
    private final NamedKeyStore store = NamedKeyStore.inMemory();
    private KeyManager kms = lazy();

    /** A key at that provider that knows of no version until it looks, as those of servers do. */
    private static final class LazyKey extends ForwardingMasterKey {
        private volatile boolean looked;

        LazyKey(MasterKey provider) {
            super(provider);
        }

        @Override
        public boolean isOutdated(Recipient recipient) {
            return looked && super.isOutdated(recipient);
        }

        @Override
        public boolean refresh() {
            boolean changed = super.refresh();
            looked = true;
            return changed;
        }

        @Override
        public void close() {} // the next process has it too
    }

    private KeyManager lazy() {
        return KeyManager.builder()
                .masterKey(new LazyKey(provider))
                .store(new ForwardingKeyStore(store) {
                    @Override
                    public void close() {} // as a database stays when a process ends
                })
                .timeSource(time)
                .retryAttempts(1)
                .build();
    }

    @AfterEach
    void close() {
        provider.behave();
        kms.close();
        store.close();
    }

    @Test
    void needsRewrap_inAProcessThatHasJustBegun_knowsThatThereIsANewerVersion() {
        byte[] message = kms.encrypt("m").toBytes();
        kms.close();
        provider.rotate();
        kms = lazy();
        assertThat(kms.needsRewrap(message)).isTrue();
        assertThat(kms.recipients(message))
                .singleElement()
                .satisfies(key -> assertThat(key.newest()).isFalse());
        byte[] moved = kms.rewrap(message).toBytes();
        assertThat(kms.needsRewrap(moved)).isFalse();
        assertThat(kms.decrypt(moved).toText()).isEqualTo("m");
        assertThat(provider.calls(Operation.REFRESH))
                .as("once a minute is enough")
                .isEqualTo(1);
    }

    @Test
    void needsRewrap_ofAKeyThatCannotBeAsked_isNotSaid() {
        byte[] message = kms.encrypt("m").toBytes();
        kms.close();
        kms = lazy();
        provider.fail(Operation.REFRESH, 1_000, () -> new UnavailableException("Away.", "A test.", "Wait."));
        assertThatThrownBy(() -> kms.needsRewrap(message)).isInstanceOf(UnavailableException.class);
        provider.behave();
        assertThat(kms.needsRewrap(message)).isFalse();
    }

    @Test
    void needsRewrap_whereAskingForVersionsIsDenied_goesOnAsBefore_andAsksOnceAMinute() {
        byte[] message = kms.encrypt("m").toBytes();
        kms.close();
        kms = lazy();
        provider.fail(
                Operation.REFRESH, 1_000, () -> new PermissionDeniedException("Denied.", "A test.", "Permit it."));
        assertThat(kms.needsRewrap(message)).isFalse();
        assertThat(kms.rewrap(message).toBytes()).isNotEmpty();
        assertThat(provider.calls(Operation.REFRESH)).isEqualTo(1);
    }

    @Test
    void needsRewrap_laterInTheSameProcess_looksAgain_andServesWhatItKnowsInAnOutage() {
        byte[] message = kms.encrypt("m").toBytes();
        assertThat(kms.needsRewrap(message)).isFalse();
        time.advance(Duration.ofSeconds(61));
        provider.fail(Operation.REFRESH, 1_000, () -> new UnavailableException("Away.", "A test.", "Wait."));
        assertThat(kms.needsRewrap(message)).isFalse();
        int calls = provider.calls(Operation.REFRESH);
        assertThat(kms.needsRewrap(message)).isFalse();
        assertThat(provider.calls(Operation.REFRESH)).isEqualTo(calls);
    }

    @Test
    void rewrapStored_inAProcessThatHasJustBegun_movesWhatIsUnderTheOlderVersion() {
        kms.keys().createIfAbsent("orders", KeySpec.AES_256);
        byte[] message = kms.encrypt("m").key("orders").toBytes();
        kms.close();
        provider.rotate();
        kms = lazy();
        assertThat(kms.masterKeys().examineStored(Progress.NONE).outdated()).isPositive();
        kms.close();
        kms = lazy();
        assertThat(kms.masterKeys().rewrapStored(Progress.NONE).done()).isPositive();
        assertThat(kms.masterKeys().examineStored(Progress.NONE).outdated()).isZero();
        assertThat(kms.decrypt(message).toText()).isEqualTo("m");
    }
}
