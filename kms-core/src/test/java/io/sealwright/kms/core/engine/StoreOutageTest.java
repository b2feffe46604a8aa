package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import io.sealwright.kms.testkit.store.ForwardingKeyStore;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What named keys in memory do while the store, the master key, or both give no answer; and what a corrupt store is. */
@Timeout(60)
class StoreOutageTest {
    private static final byte[] PLAINTEXT = {1, 2, 3};

    private enum Store {
        WORKS,
        AWAY,
        CORRUPT
    }

    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey key = new FaultyMasterKey("main");
    private final NamedKeyStore real = NamedKeyStore.inMemory();
    private volatile Store state = Store.WORKS;
    private final List<KmsEvent> events = new CopyOnWriteArrayList<>();
    private final OpenManagers open = new OpenManagers();

    private KeyManager kms() {
        return open.add(KeyManager.builder()
                .masterKey(key)
                .store(new TroubledStore())
                .schedule(false)
                .timeSource(time)
                .retryAttempts(1)
                .listener(events::add)
                .deadline(Duration.ofSeconds(5))
                .build());
    }

    private final class TroubledStore extends ForwardingKeyStore {
        TroubledStore() {
            super(real);
        }

        @Override
        protected NamedKeyStore behind() {
            if (state == Store.AWAY) {
                throw new StoreException(ErrorCode.KMS_STORE_UNAVAILABLE, "Away.", "A test.", "Wait.");
            }
            return super.behind();
        }

        @Override
        public Optional<StoredKey> find(String name) {
            Optional<StoredKey> found = super.find(name);
            return state == Store.CORRUPT ? found.map(StoreOutageTest::corrupted) : found;
        }

        @Override
        public void close() {
            real.close();
        }
    }

    private static StoredKey corrupted(StoredKey stored) {
        byte[] manifest = stored.manifest().clone();
        manifest[manifest.length / 2] ^= 1;
        return new StoredKey(stored.name(), stored.generation(), manifest, stored.versions());
    }

    @AfterEach
    void close() {
        state = Store.WORKS;
        key.behave();
        open.close();
    }

    private void masterKeyAway() {
        for (Operation operation : Operation.values()) {
            key.fail(operation, 10_000, () -> new UnavailableException("Away.", "A test.", "Wait."));
        }
    }

    private void back() {
        state = Store.WORKS;
        key.behave();
        time.advance(Duration.ofSeconds(6)); // past the breaker's pause
    }

    private static void unavailable(ErrorCode expected, ThrowingCallable call) {
        KmsException e = catchThrowableOfType(KmsException.class, call);
        assertThat(e).isNotNull();
        assertThat(e.code()).isEqualTo(expected);
        assertThat(e.retryable()).isTrue();
    }

    private Stream<Boolean> toldOfTheStore() {
        return events.stream()
                .filter(KmsEvent.OutageServing.class::isInstance)
                .map(KmsEvent.OutageServing.class::cast)
                .filter(told -> told.source().equals("store"))
                .map(KmsEvent.OutageServing::serving);
    }

    /** The look for changes, once a second of real time, tells it. */
    private void toldThatTheStoreIsBack() {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (toldOfTheStore().count() < 2 && System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        assertThat(toldOfTheStore()).containsExactly(true, false);
    }

    /** What holds whichever is away: sealing then fails with that code, opening says that no recipient answers. */
    private void goesOnForItsWindows(KeyManager kms, Runnable away, ErrorCode sealing) {
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = kms.encrypt(PLAINTEXT).key("orders").toBytes();
        byte[] direct = kms.encrypt(PLAINTEXT).key("orders").direct().toBytes();
        kms.decrypt(message).toBytes();
        away.run();
        time.advance(Duration.ofMinutes(9));
        assertThat(kms.encrypt(PLAINTEXT).key("orders").toBytes()).isNotEmpty();
        assertThat(kms.encrypt(PLAINTEXT).key("orders").direct().toBytes()).isNotEmpty();
        assertThat(kms.decrypt(direct).toBytes()).isEqualTo(PLAINTEXT);
        time.advance(Duration.ofMinutes(1));
        unavailable(sealing, () -> kms.encrypt(PLAINTEXT).key("orders").toBytes());
        unavailable(sealing, () -> kms.encrypt(PLAINTEXT).key("orders").direct().toBytes());
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        time.advance(Duration.ofHours(4));
        unavailable(ErrorCode.KMS_UNAVAILABLE, () -> kms.decrypt(message).toBytes());
        back();
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(kms.encrypt(PLAINTEXT).key("orders").toBytes()).isNotEmpty();
    }

    @Test
    void named_noAnswerOfTheMasterKey_sealAndOpenForTheirWindows() {
        goesOnForItsWindows(kms(), this::masterKeyAway, ErrorCode.KMS_UNAVAILABLE);
        assertThat(toldOfTheStore()).isEmpty();
    }

    @Test
    void named_noAnswerOfTheStoreAlone_sealAndOpenForTheirWindows() {
        KeyManager kms = kms();
        goesOnForItsWindows(kms, () -> state = Store.AWAY, ErrorCode.KMS_STORE_UNAVAILABLE);
        toldThatTheStoreIsBack();
        // What needs no store never noticed.
        state = Store.AWAY;
        assertThat(kms.decrypt(kms.encrypt(PLAINTEXT).toBytes()).toBytes()).isEqualTo(PLAINTEXT);
    }

    @Test
    void named_noAnswerOfMasterKeyAndStore_sealAndOpenForTheirWindows() {
        goesOnForItsWindows(
                kms(),
                () -> {
                    masterKeyAway();
                    state = Store.AWAY;
                },
                ErrorCode.KMS_STORE_UNAVAILABLE);
        toldThatTheStoreIsBack();
    }

    @Test
    void open_storeIsCorrupt_saysSo_andIsNotToBeRepeated() {
        KeyManager kms = kms();
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = kms.encrypt(PLAINTEXT).key("orders").toBytes();
        byte[] direct = kms.encrypt(PLAINTEXT).key("orders").direct().toBytes();
        KeyManager fresh = kms();
        state = Store.CORRUPT;
        for (byte[] sealedBefore : List.of(message, direct)) {
            assertThatThrownBy(() -> fresh.decrypt(sealedBefore).toBytes())
                    .isInstanceOfSatisfying(StoreException.class, e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.KMS_STORE_CORRUPT);
                        assertThat(e.retryable()).isFalse();
                    });
        }
        state = Store.WORKS;
        assertThat(fresh.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(fresh.decrypt(direct).toBytes()).isEqualTo(PLAINTEXT);
    }
}
