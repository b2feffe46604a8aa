package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.BackupSummary;
import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.core.local.WholeFile;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.TimeSource;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes backups of a whole store. */
final class StoreBackups {
    /** Names which master keys open a backup, readable without any: whoever finds one in ten years wants to know. */
    private static final String MASTER_KEYS = EncryptionContext.RESERVED_PREFIX + "master-keys";

    private static final int MOST_NAMED_BYTES = 4096;

    private final NamedKeyStore store;
    private final StoreKeys storeKeys;
    private final Parcels parcels;
    private final ProviderCalls calls;
    private final TimeSource time;

    StoreBackups(NamedKeyStore store, StoreKeys storeKeys, Parcels parcels, ProviderCalls calls, TimeSource time) {
        this.store = store;
        this.storeKeys = storeKeys;
        this.parcels = parcels;
        this.calls = calls;
        this.time = time;
    }

    /** Writes a backup, in which every key has been verified. On the caller's thread: it takes as long as it takes. */
    BackupSummary backup(OutputStream to) throws IOException {
        return write(to, ownKey(), false).summary();
    }

    /**
     * Writes a copy of the rows as they are into a new file, brought down to the disk. It can be restored like a backup;
     * what is damaged is marked in it.
     *
     * @return the names of the keys that are damaged
     */
    List<String> save(Path file) throws IOException {
        StoreKey verify = ownKey();
        List<String> damaged = new ArrayList<>();
        WholeFile.write(file, out -> damaged.addAll(write(out, verify, true).damaged()));
        return damaged;
    }

    private @Nullable StoreKey ownKey() {
        return calls.call("look at the store's own key", storeKeys::find).orElse(null);
    }

    /**
     * What was written.
     *
     * @param damaged names of keys that are in it as they were
     */
    private record Written(BackupSummary summary, List<String> damaged) {}

    private Written write(OutputStream to, @Nullable StoreKey verify, boolean copy) throws IOException {
        Instant madeAt = time.instant().truncatedTo(ChronoUnit.MILLIS);
        List<String> masterKeys = parcels.masterKeys();
        EncryptionContext context = Parcels.Content.BACKUP.context(Map.of(MASTER_KEYS, named(masterKeys)));
        try (EncryptingOutputStream sealed = parcels.seal(context, null, to)) {
            try {
                BackupWriter writer = new BackupWriter(sealed, madeAt, verify, copy);
                store.readAll(writer);
                long keys = writer.finish();
                sealed.finish();
                to.flush();
                return new Written(new BackupSummary(madeAt, keys, masterKeys), writer.damaged());
            } catch (UncheckedIOException e) {
                sealed.abort();
                throw e.getCause();
            } catch (IOException | RuntimeException | Error e) {
                sealed.abort();
                throw e;
            }
        }
    }

    /** As many names as there is room for: a header has an end. */
    private static String named(List<String> masterKeys) {
        StringBuilder text = new StringBuilder();
        for (String uri : masterKeys) {
            if (text.length() + uri.length() > MOST_NAMED_BYTES) {
                return text.append(" …").toString();
            }
            text.append(text.length() == 0 ? "" : " ").append(uri);
        }
        return text.toString();
    }
}
