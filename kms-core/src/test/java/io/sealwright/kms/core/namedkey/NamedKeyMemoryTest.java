package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How long keys stay in memory, and what is seen of other processes. */
class NamedKeyMemoryTest {
    private final Rig rig = new Rig();
    private final NamedKeyRing maker = rig.ring();
    private final NamedKey orders = maker.create("orders", KeySpec.AES_256);
    private final NamedKeyRing ring = rig.ring();

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private void masterAway() {
        rig.master.fail(Operation.UNWRAP, 10_000, Rig::away);
    }

    @Test
    void sealing_warm_asksNobody() {
        HeldVersion held = ring.sealing("orders");
        int unwraps = rig.unwraps();
        int finds = rig.store.finds.get();

        for (int i = 0; i < 100; i++) {
            assertThat(ring.sealing("orders")).isSameAs(held);
            assertThat(ring.sealingIfHeld("orders")).containsSame(held);
            assertThat(ring.byId(held.id())).containsSame(held);
            assertThat(ring.held(held.id())).containsSame(held);
        }

        assertThat(rig.unwraps()).isEqualTo(unwraps);
        assertThat(rig.store.finds).hasValue(finds);
        assertThat(ring.held()).isEqualTo(1);
    }

    @Test
    void heldForms_cold_areEmptyWithoutAnyRead() {
        byte[] id = maker.sealing("orders").id();
        int finds = rig.store.finds.get();

        assertThat(ring.sealingIfHeld("orders")).isEmpty();
        assertThat(ring.held(id)).isEmpty();
        assertThat(ring.held(new byte[3])).isEmpty();

        assertThat(rig.store.finds).hasValue(finds);
        assertThat(rig.store.looks).hasValue(0);
    }

    @Test
    void sealing_cold_unwrapsStoreKeyAndTheOneVersionNeeded() {
        orders.rotate();
        orders.rotate();
        int before = rig.unwraps();

        ring.sealing("orders");

        assertThat(rig.unwraps() - before).isEqualTo(2);
        assertThat(ring.held()).isEqualTo(1);
    }

    @Test
    void use_afterRefreshAfter_refreshesInTheBackground() {
        HeldVersion held = ring.sealing("orders");
        int before = rig.unwraps();
        rig.time.advance(Rig.REFRESH_AFTER);
        long renewed = rig.time.nanoTime() + Rig.MAX_AGE.toNanos();

        assertThat(ring.sealing("orders")).isSameAs(held);

        Rig.await("refresh", () -> held.lease().servesUntil() == renewed);
        assertThat(ring.sealing("orders")).isSameAs(held);
        Rig.await("store key's refresh", () -> rig.unwraps() - before == 2);
        rig.time.advance(Rig.REFRESH_AFTER.minusSeconds(1));
        assertThat(ring.sealingIfHeld("orders")).containsSame(held);
    }

    @Test
    void use_refreshFails_servesUntilMaxAgeThenFailsWithTheCause() {
        HeldVersion held = ring.sealing("orders");
        rig.time.advance(Rig.REFRESH_AFTER);
        masterAway();
        int before = rig.unwraps();

        assertThat(ring.sealing("orders")).isSameAs(held);
        Rig.await("attempt", () -> rig.unwraps() > before);
        rig.time.advance(Duration.ofSeconds(59));
        assertThat(ring.sealing("orders")).isSameAs(held);
        rig.time.advance(Duration.ofSeconds(1));

        assertThat(ring.sealingIfHeld("orders")).isEmpty();
        assertThat(ring.held(held.id())).isEmpty();
        assertThatThrownBy(() -> ring.sealing("orders")).isInstanceOf(UnavailableException.class);
        assertThatThrownBy(() -> ring.byId(held.id())).isInstanceOf(UnavailableException.class);
        rig.master.behave();
        rig.time.advance(Duration.ofSeconds(6)); // the breaker lets a trial through
        assertThat(ring.sealing("orders")).isSameAs(held);
    }

    @Test
    void use_pastMaxAgeAndDenied_denied() {
        ring.sealing("orders");
        rig.time.advance(Rig.MAX_AGE);
        rig.master.fail(
                Operation.UNWRAP, 1, () -> new PermissionDeniedException("Denied.", "The test said so.", "Allow it."));

        assertThatThrownBy(() -> ring.sealing("orders")).isInstanceOf(PermissionDeniedException.class);
    }

    @Test
    void use_pastMaxAgeAndStoreAway_storeUnavailable() {
        HeldVersion held = ring.sealing("orders");
        rig.store.away = true;
        ring.poll();
        assertThat(ring.sealing("orders")).isSameAs(held);
        rig.time.advance(Rig.MAX_AGE);

        assertThatThrownBy(() -> ring.sealing("orders")).isInstanceOf(StoreException.class);
        assertThatThrownBy(() -> ring.byId(held.id())).isInstanceOf(StoreException.class);
    }

    @Test
    void poll_pastMaxAge_wipes() {
        HeldVersion held = ring.sealing("orders");
        rig.time.advance(Rig.MAX_AGE.plusSeconds(1));
        ring.poll();
        assertThat(ring.held()).isEqualTo(1);
        rig.time.advance(Duration.ofSeconds(2));

        ring.poll();

        assertThat(ring.held()).isZero();
        assertThatThrownBy(() -> held.wrappingKey().directRoot()).isInstanceOf(ClosedException.class);
        assertThat(ring.sealing("orders")).isNotSameAs(held);
    }

    @Test
    void stateChange_storeKeyInMemory_noProviderCall() {
        ring.sealing("orders");
        int calls = rig.master.calls();

        ring.get("orders").deactivate();
        ring.get("orders").compromise();
        ring.get("orders").destroyNow();

        assertThat(rig.master.calls()).isEqualTo(calls);
    }

    @Test
    void poll_rotatedElsewhere_seenAndTold() {
        HeldVersion old = ring.sealing("orders");
        ring.poll();
        orders.rotate();
        rig.changed.clear();

        ring.poll();

        assertThat(rig.changed).containsExactly("orders");
        assertThat(old.state()).isEqualTo(KeyState.DEACTIVATED);
        assertThat(ring.sealingIfHeld("orders")).isEmpty();
        assertThat(ring.sealing("orders").number()).isEqualTo(2);
    }

    @Test
    void poll_destroyedElsewhere_wiped() {
        HeldVersion held = ring.sealing("orders");
        orders.destroyNow();

        ring.poll();

        assertThat(ring.held()).isZero();
        assertThat(held.state()).isEqualTo(KeyState.DESTROYED);
        assertThatThrownBy(() -> held.wrappingKey().directRoot()).isInstanceOf(ClosedException.class);
    }

    @Test
    void poll_compromisedElsewhere_stateShows() {
        HeldVersion held = ring.sealing("orders");
        orders.compromise();

        ring.poll();

        assertThat(held.state()).isEqualTo(KeyState.COMPROMISED);
        assertThat(ring.byId(held.id()).orElseThrow().state()).isEqualTo(KeyState.COMPROMISED);
        assertThat(catchThrowable(() -> ring.sealing("orders"))).hasMessageContaining("compromised");
    }

    @Test
    void poll_nothingChanged_readsNoKey() {
        ring.sealing("orders");
        ring.poll();
        int finds = rig.store.finds.get();

        ring.poll();

        assertThat(rig.store.finds).hasValue(finds);
    }

    @Test
    void poll_storeAwayThenBack_seesWhatHappenedMeanwhile() {
        HeldVersion held = ring.sealing("orders");
        ring.poll();
        orders.rotate();
        rig.store.away = true;
        ring.poll();
        assertThat(held.state()).isEqualTo(KeyState.ACTIVE);
        rig.store.honest();

        ring.poll();

        assertThat(held.state()).isEqualTo(KeyState.DEACTIVATED);
    }

    @Test
    void poll_keyCouldNotBeRead_triesAgain() {
        HeldVersion held = ring.sealing("orders");
        orders.rotate();
        rig.store.rewrite = stored -> Optional.empty();
        ring.poll();
        rig.store.honest();

        ring.poll();

        assertThat(held.state()).isEqualTo(KeyState.DEACTIVATED);
    }

    @Test
    void sealing_masterKeyRotatedElsewhere_stillOpens() {
        rig.master.rotate();
        orders.rotate();

        assertThat(ring.sealing("orders").number()).isEqualTo(2);
        assertThat(ring.byId(maker.present("orders").versions().get(0).id().bytes()))
                .isPresent();
    }

    @Test
    void changedListenerThrows_changeStands() {
        NamedKeyRing loud = rig.ring(rig.store, List.of(rig.master), List.of(rig.master), name -> {
            throw new IllegalStateException("the test's listener");
        });

        loud.get("orders").deactivate();

        assertThat(orders.state()).isEqualTo(KeyState.DEACTIVATED);
    }

    /** A key whose newest version shows only after a look, as in a key file that another process rotated. */
    private static final class LateKey extends ForwardingMasterKey {
        private final AtomicInteger looks = new AtomicInteger();

        LateKey(MasterKey key) {
            super(key);
        }

        @Override
        public boolean recognizes(Recipient recipient) {
            return looks.get() > 0 && super.recognizes(recipient);
        }

        @Override
        public boolean mightBeNewer(Recipient recipient) {
            return looks.get() == 0 && super.recognizes(recipient);
        }

        @Override
        public boolean refresh() {
            return looks.incrementAndGet() == 1;
        }

        @Override
        public void close() {} // the rig's to close
    }

    @Test
    void sealing_masterKeysVersionUnknownYet_looksOnceAndOpens() {
        LateKey late = new LateKey(rig.master);

        NamedKeyRing fresh = rig.ring(List.of(), List.of(late));

        assertThat(fresh.sealing("orders").number()).isEqualTo(1);
        assertThat(late.looks).hasValue(1);
    }

    @Test
    void poll_rotatedElsewhereAfterTheMaterialWasWiped_toldWhileDataKeysMayLive() {
        ring.sealing("orders");
        rig.time.advance(Rig.REFRESH_AFTER.minusSeconds(1));
        ring.sealing("orders"); // a data key that is wrapped now lives as long again
        rig.time.advance(Duration.ofSeconds(64));
        ring.poll();
        assertThat(ring.held()).isZero();
        orders.rotate();
        rig.changed.clear();

        ring.poll();

        assertThat(rig.changed).containsExactly("orders");
    }

    @Test
    void use_refreshDueOnAWorker_doesNotHoldItUp() {
        HeldVersion held = ring.sealing("orders");
        rig.time.advance(Rig.REFRESH_AFTER);
        Gate gate = rig.master.hold(Operation.UNWRAP);

        assertThat(rig.calls().call("a call", () -> ring.sealing("orders"))).isSameAs(held);

        gate.release();
        Rig.await("refresh", () -> held.lease().servesUntil() == rig.time.nanoTime() + Rig.MAX_AGE.toNanos());
    }
}
