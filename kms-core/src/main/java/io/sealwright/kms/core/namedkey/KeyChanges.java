package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.TimeSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes changes of keys, each whole or not at all: reads the key, lets an {@link Edit} decide, seals the next manifest,
 * and begins again if another process wrote first.
 */
final class KeyChanges {
    private final NamedKeyStore store;
    private final KnownKeys known;
    private final StoreKeys storeKeys;
    private final ProviderCalls calls;
    private final Events events;
    private final TimeSource time;

    /**
     * What becomes of a key.
     *
     * @param next its record; the generation is set when it is written
     * @param put rows to add or replace
     * @param erase numbers of versions whose material goes
     * @param change the event's word for it
     * @param version the version concerned, or 0
     */
    record Edited(KeyRecord next, List<StoredVersion> put, List<Integer> erase, String change, int version) {}

    /**
     * Decides on a change, given the key as the clock has it, or null if there is none; null leaves it as it is. Called
     * again if another process wrote first.
     */
    @FunctionalInterface
    interface Edit {
        @Nullable
        Edited of(@Nullable KeyRecord present);
    }

    KeyChanges(
            NamedKeyStore store,
            KnownKeys known,
            StoreKeys storeKeys,
            ProviderCalls calls,
            Events events,
            TimeSource time) {
        this.store = store;
        this.known = known;
        this.storeKeys = storeKeys;
        this.calls = calls;
        this.events = events;
        this.time = time;
    }

    /**
     * What came of an edit.
     *
     * @param key the key as it is after
     * @param changed whether anything was written
     */
    record Outcome(KeyRecord key, boolean changed) {}

    /** Makes a change, on a worker. */
    Outcome change(String what, String name, Edit edit) {
        return calls.call(what, () -> {
            ReentrantLock changing = known.entry(name).lockChanging();
            try {
                return changeLocked(name, edit);
            } finally {
                changing.unlock();
            }
        });
    }

    private Outcome changeLocked(String name, Edit edit) {
        for (int attempt = 0; attempt < Attempts.MOST; attempt++) {
            KeyRecord stored = known.read(name).map(VerifiedKey::record).orElse(null);
            KeyRecord present = stored == null ? null : stored.at(time.instant());
            Edited edited = edit.of(present);
            if (edited == null) {
                return new Outcome(Objects.requireNonNull(present), false);
            }
            Optional<KeyRecord> written = commit(stored, edited);
            if (written.isPresent()) {
                return new Outcome(written.get(), true);
            }
            Attempts.pause(name, attempt);
        }
        throw KeyErrors.conflict(name);
    }

    /**
     * Writes a change, unless another process wrote first. For workers.
     *
     * @param before the key as it was read, or null if it was not there
     * @return the key as it is after; empty if another wrote first
     */
    Optional<KeyRecord> commit(@Nullable KeyRecord before, Edited edited) {
        long generation = before == null ? 0 : before.generation();
        KeyRecord next = edited.next().inGeneration(generation + 1);
        byte[] sealed = storeKeys.findOrMake().seal(next);
        String name = next.name();
        if (!store.apply(
                new KeyChange(name, generation, generation + 1, sealed, edited.put(), edited.erase(), next.dueAt()))) {
            return Optional.empty();
        }
        known.absorb(next, sealed, true);
        events.tell(new KmsEvent.KeyChanged(time.instant(), edited.change(), name, edited.version()));
        return Optional.of(next);
    }
}
