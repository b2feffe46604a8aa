package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.RestoreSummary;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.namedkey.KeyRestore.Ready;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.TimeSource;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts a backup's keys into the store. First the whole backup is read, so that nothing is written of one that is damaged
 * anywhere; then keys are written in small transactions, each of which leaves every key either as it was or restored.
 * Whoever is killed in between restores again: a key that was restored twice is the same key, one era later.
 */
final class StoreRestore {
    /** So many keys go into one transaction: others wait for its lock no longer than a moment. */
    private static final int KEYS_AT_ONCE = 200;

    private static final int BYTES_AT_ONCE = 4 << 20;

    private final NamedKeyStore store;
    private final KnownKeys known;
    private final StoreKeys storeKeys;
    private final MasterKeys masterKeys;
    private final KeyWriter writer;
    private final KeyRestore merging;
    private final Parcels parcels;
    private final ProviderCalls calls;
    private final Events events;
    private final TimeSource time;

    /** What is made ready to be written, in one transaction. */
    private static final class Batch {
        private final List<Ready> keys = new ArrayList<>();
        private long bytes;

        void add(Ready key) {
            keys.add(key);
            bytes += key.replacement().manifest().length;
            key.replacement().versions().forEach(version -> bytes += version.wraps().length);
        }

        boolean full() {
            return keys.size() >= KEYS_AT_ONCE || bytes >= BYTES_AT_ONCE;
        }
    }

    /** What was done so far. */
    private static final class Tally {
        private long restored;
        private long met;
        private final List<String> replaced = new ArrayList<>();

        /** Keys of the store that could not be used, and still cannot. */
        private final Set<String> damaged = new LinkedHashSet<>();
    }

    StoreRestore(
            NamedKeyStore store,
            KnownKeys known,
            StoreKeys storeKeys,
            MasterKeys masterKeys,
            KeyWriter writer,
            Parcels parcels,
            ProviderCalls calls,
            Events events,
            TimeSource time) {
        this.store = store;
        this.known = known;
        this.storeKeys = storeKeys;
        this.masterKeys = masterKeys;
        this.writer = writer;
        this.merging = new KeyRestore(store, known, storeKeys, masterKeys, writer, time);
        this.parcels = parcels;
        this.calls = calls;
        this.events = events;
        this.time = time;
    }

    /**
     * Restores.
     *
     * @param saveOld saves the store as it is; null if it must be empty
     */
    RestoreSummary restore(Path backup, @Nullable Saving saveOld) throws IOException {
        Verified verified = verify(backup);
        byte[] row = verified.storeKey();
        List<String> before = calls.call("list the named keys", store::names);
        if (!before.isEmpty() && saveOld == null) {
            throw KeyErrors.storeNotEmpty(before.size());
        }
        if (row.length > 0) {
            // Before the store is saved: only its own key tells what of it is sound.
            adopt(row);
        }
        Tally tally = new Tally();
        if (!before.isEmpty() && saveOld != null) {
            tally.damaged.addAll(saveOld.save());
        }
        try (InputStream in = open(backup)) {
            BackupReader reader = new BackupReader(in);
            if (row.length > 0) {
                try (StoreKey source = storeKey(row)) {
                    apply(reader, source, tally);
                }
            }
            return new RestoreSummary(
                    reader.madeAt(),
                    tally.restored,
                    Math.max(0, before.size() - tally.met),
                    tally.replaced,
                    verified.leftOut(),
                    List.copyOf(tally.damaged));
        }
    }

    /** Saves the store before it is written over. */
    interface Saving {
        /** Saves it; returns the names of the keys that are damaged. */
        List<String> save() throws IOException;
    }

    /**
     * A backup that was read to its end.
     *
     * @param storeKey the record of its store's own key, empty if it has none
     * @param leftOut names of the keys that are damaged in it
     */
    private record Verified(byte[] storeKey, List<String> leftOut) {}

    private InputStream open(Path backup) throws IOException {
        InputStream file = Files.newInputStream(backup);
        try {
            return new BackupFile(parcels.open(Parcels.Content.BACKUP, file), file);
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private Verified verify(Path backup) throws IOException {
        try (InputStream in = open(backup)) {
            BackupReader reader = new BackupReader(in);
            byte[] row = reader.storeKey().orElse(new byte[0]);
            if (row.length == 0) {
                if (reader.next().isPresent()) {
                    throw BackupFormat.malformed("It holds keys, and not their store's own key.");
                }
                return new Verified(row, reader.damaged());
            }
            try (StoreKey source = storeKey(row)) {
                for (Optional<StoredKey> next = reader.next(); next.isPresent(); next = reader.next()) {
                    StoredKey key = next.get();
                    VerifiedKey unused = VerifiedKey.check(key.name(), key, source);
                }
            }
            return new Verified(row, reader.damaged());
        }
    }

    private StoreKey storeKey(byte[] row) {
        StoreKeyRecord record = StoreKeyRecord.decode(row);
        return calls.call("unwrap the backup's store key", () -> {
            try (SecretBytes key = masterKeys.unwrapAny(record.material())) {
                return StoreKey.of(record.storeId().bytes(), key);
            }
        });
    }

    /** A store without a key of its own takes the backup's, under the master keys of today: then rows fit as they are. */
    private void adopt(byte[] row) {
        calls.call("look at the store's own key", () -> {
            if (masterKeys.wraps()) {
                masterKeys.learnNewest();
            }
            if (store.storeKey().isEmpty()) {
                StoreKeyRecord record = StoreKeyRecord.decode(row);
                List<Recipient> renewed = masterKeys.wraps() ? masterKeys.renewed(record.material()) : null;
                store.initialise(
                        renewed == null ? row : new StoreKeyRecord(record.storeId(), record.check(), renewed).encode());
            }
            return storeKeys.find().orElseThrow(() -> KeyErrors.noStoreKey("of the backup"));
        });
    }

    private void apply(BackupReader reader, StoreKey source, Tally tally) throws IOException {
        Batch batch = new Batch();
        for (Optional<StoredKey> next = reader.next(); next.isPresent(); next = reader.next()) {
            batch.add(ready(next.get(), source));
            if (batch.full()) {
                write(batch, source, tally);
                batch = new Batch();
            }
        }
        write(batch, source, tally);
    }

    private void write(Batch batch, StoreKey source, Tally tally) {
        if (batch.keys.isEmpty()) {
            return;
        }
        if (put(batch.keys)) {
            batch.keys.forEach(key -> written(key, tally));
            return;
        }
        // Somebody changed one of them meanwhile: one by one, each from what it is by then.
        for (Ready stale : batch.keys) {
            written(alone(stale, source), tally);
        }
    }

    private Ready alone(Ready stale, StoreKey source) {
        String name = stale.record().name();
        for (int attempt = 0; attempt < Attempts.MOST; attempt++) {
            Ready fresh = ready(stale.stored(), source);
            if (put(List.of(fresh))) {
                return fresh;
            }
            Attempts.pause(name, attempt);
        }
        throw KeyErrors.conflict(name);
    }

    private boolean put(List<Ready> keys) {
        List<KeyReplacement> replacements =
                keys.stream().map(Ready::replacement).toList();
        return calls.call("restore " + keys.size() + " keys", () -> writer.put(replacements));
    }

    private void written(Ready key, Tally tally) {
        tally.restored++;
        tally.met += key.there() ? 1 : 0;
        tally.damaged.remove(key.record().name());
        if (key.replaced()) {
            tally.replaced.add(key.record().name());
        }
        if (known.seen(key.record().name()) != null) {
            // Keys that nobody here has asked for stay unknown: there may be more than fit into memory.
            boolean unused = known.absorb(key.record(), key.replacement().manifest(), true);
        }
        events.tell(
                new KmsEvent.KeyChanged(time.instant(), "restored", key.record().name(), 0));
    }

    private Ready ready(StoredKey stored, StoreKey source) {
        return calls.call("restore " + KeyErrors.key(stored.name()), () -> merging.ready(stored, source));
    }

    /** The opened backup; closing it closes the file as well. */
    private static final class BackupFile extends FilterInputStream {
        private final InputStream file;

        BackupFile(InputStream opened, InputStream file) {
            super(opened);
            this.file = file;
        }

        @Override
        public void close() throws IOException {
            try {
                super.close();
            } finally {
                file.close();
            }
        }
    }
}
