package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes what a store shows into a backup, as {@link BackupFormat} has it. */
final class BackupWriter implements StoreReader {
    private static final int BUFFER_BYTES = 1 << 16;

    private final DataOutputStream out;
    private final @Nullable StoreKey verify;
    private final boolean whatever;
    private final List<String> damaged = new ArrayList<>();
    private boolean begun;
    private long keys;

    /**
     * Begins one.
     *
     * @param verify the store's own key, under which every key must verify; null if it has none
     * @param whatever whether what does not verify is written all the same: for the copy of a store that is damaged
     */
    BackupWriter(OutputStream to, Instant madeAt, @Nullable StoreKey verify, boolean whatever) throws IOException {
        this.out = new DataOutputStream(new BufferedOutputStream(to, BUFFER_BYTES));
        this.verify = verify;
        this.whatever = whatever;
        out.writeByte(BackupFormat.LAYOUT);
        out.writeLong(madeAt.toEpochMilli());
    }

    @Override
    public void storeKey(byte[] sealed) {
        begun = true;
        write(() -> {
            out.writeInt(sealed.length);
            out.write(sealed);
        });
    }

    @Override
    public void key(StoredKey key) {
        if (!whatever) {
            if (verify == null || !begun) {
                throw KeyErrors.noStoreKey(key.name());
            }
            VerifiedKey unused = VerifiedKey.check(key.name(), key, verify);
        }
        begin();
        keys++;
        write(() -> {
            byte[] name = key.name().getBytes(StandardCharsets.UTF_8);
            out.writeByte(BackupFormat.KEY);
            out.writeByte(name.length);
            out.write(name);
            out.writeLong(key.generation());
            out.writeInt(key.manifest().length);
            out.write(key.manifest());
            out.writeInt(key.versions().size());
            for (StoredVersion version : key.versions()) {
                out.writeInt(version.number());
                out.write(version.id());
                out.writeInt(version.wraps().length);
                out.write(version.wraps());
            }
        });
    }

    @Override
    public void damaged(String name, StoreException why) {
        if (!whatever) {
            throw why;
        }
        damaged.add(name);
    }

    /** Writes the end; how many keys there were. */
    long finish() throws IOException {
        begin();
        out.writeByte(BackupFormat.END);
        out.writeLong(keys);
        out.flush();
        return keys;
    }

    private void begin() {
        if (!begun) {
            begun = true;
            write(() -> out.writeInt(0));
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void write(Step step) {
        try {
            step.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
