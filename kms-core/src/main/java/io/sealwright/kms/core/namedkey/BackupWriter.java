package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.Recipient;
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
    private final boolean copy;
    private final List<String> damaged = new ArrayList<>();
    private boolean begun;
    private long keys;

    /**
     * Begins one.
     *
     * @param verify the store's own key, under which every key must verify; null if it has none
     * @param copy whether what does not verify is written all the same, and marked: for the copy of a store that may be
     *     damaged
     */
    BackupWriter(OutputStream to, Instant madeAt, @Nullable StoreKey verify, boolean copy) throws IOException {
        this.out = new DataOutputStream(new BufferedOutputStream(to, BUFFER_BYTES));
        this.verify = verify;
        this.copy = copy;
        out.writeByte(copy ? BackupFormat.LAYOUT_OF_COPIES : BackupFormat.LAYOUT);
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
        write(key, isSound(key));
    }

    private boolean isSound(StoredKey key) {
        try {
            if (verify == null || !begun) {
                throw KeyErrors.noStoreKey(key.name());
            }
            VerifiedKey checked = VerifiedKey.check(key.name(), key, verify);
            for (VersionRecord version : checked.live()) {
                // Whether they open only a master key can tell; what is no list of wraps, no restore could write again.
                List<Recipient> unused = checked.wraps(version.number());
            }
            return true;
        } catch (StoreException e) {
            if (!copy) {
                throw e;
            }
            damaged.add(key.name());
            return false;
        }
    }

    private void write(StoredKey key, boolean sound) {
        begin();
        keys++;
        write(() -> {
            byte[] name = key.name().getBytes(StandardCharsets.UTF_8);
            out.writeByte(sound ? BackupFormat.KEY : BackupFormat.DAMAGED_KEY);
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
        if (!copy) {
            throw why;
        }
        damaged.add(name);
        write(new StoredKey(name, 0, new byte[0], List.of()), false);
    }

    /** The names of the keys that were not sound. */
    List<String> damaged() {
        return List.copyOf(damaged);
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
