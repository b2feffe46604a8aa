package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.time.ManualTime;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A store, a master key, a clock, and rings on them. */
final class Rig implements AutoCloseable {
    static final Duration MAX_AGE = Duration.ofMinutes(5);
    static final Duration REFRESH_AFTER = Duration.ofMinutes(4);

    final ManualTime time = new ManualTime();
    final RewritingStore store = new RewritingStore();
    final FaultyMasterKey master = new FaultyMasterKey("master");
    final List<KmsEvent> told = new CopyOnWriteArrayList<>();
    boolean schedule; // for rings made from now on

    @Nullable
    Executor executor; // for rings made from now on; null: threads of their own

    Duration activateAfter = Duration.ZERO;
    final List<String> changed = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable ProviderCalls calls;

    NamedKeyRing ring() {
        return ring(List.of(master), List.of(master));
    }

    /** None: what is past its age fails. A test of outages gives another. */
    OutagePolicy outage = new OutagePolicy(Duration.ZERO, Duration.ZERO);

    NamedKeyRing ring(List<MasterKey> wrapping, List<MasterKey> opening) {
        return ring(store, wrapping, opening, changed::add);
    }

    NamedKeyRing ring(
            NamedKeyStore from, List<MasterKey> wrapping, List<MasterKey> opening, Consumer<String> listener) {
        Events events = new Events(List.of(told::add));
        ProviderCalls calls = new ProviderCalls(Duration.ofSeconds(20), 1, executor, events, time);
        this.calls = calls;
        NamedKeyRing ring = new NamedKeyRing(
                from,
                wrapping,
                opening,
                calls,
                events,
                time,
                new DataKeyPolicy(
                        REFRESH_AFTER,
                        MAX_AGE,
                        DataKeyPolicy.MOST_MESSAGES_PER_EPOCH,
                        DataKeyPolicy.MOST_BYTES_PER_EPOCH,
                        DataKeyPolicy.MOST_EPOCHS),
                outage,
                schedule,
                activateAfter,
                noParcels(),
                listener);
        open.add(ring);
        open.add(calls);
        return ring;
    }

    /** Nothing leaves the store here: that takes a whole manager. */
    private static Parcels noParcels() {
        return new Parcels() {
            @Override
            public List<String> masterKeys() {
                return List.of();
            }

            @Override
            public EncryptingOutputStream seal(EncryptionContext context, @Nullable String masterKey, OutputStream to) {
                throw new UnsupportedOperationException();
            }

            @Override
            public InputStream open(Content content, InputStream from) {
                throw new UnsupportedOperationException();
            }
        };
    }

    /** What the ring made last calls through. */
    ProviderCalls calls() {
        return Objects.requireNonNull(calls, "no ring was made");
    }

    static UnavailableException away() {
        return new UnavailableException("Away.", "The test said so.", "Bring it back.");
    }

    int unwraps() {
        return master.calls(Operation.UNWRAP);
    }

    /** Waits for work in the background; fails after ten seconds of real time. */
    static void await(String what, BooleanSupplier done) {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("did not come: " + what);
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() throws Exception {
        master.behave();
        for (AutoCloseable one : open) {
            one.close();
        }
        store.close();
    }
}
