package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.UnsupportedMessageException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads what {@link BackupWriter} wrote, key after key. The bytes are authentic; still no length is taken on trust. */
final class BackupReader {
    private static final int BUFFER_BYTES = 1 << 16;

    private final DataInputStream in;
    private final Instant madeAt;
    private final byte @Nullable [] storeKey;
    private final boolean copy;
    private final List<String> damaged = new ArrayList<>();
    private long keys;

    /** Reads up to the first key. */
    BackupReader(InputStream from) throws IOException {
        in = new DataInputStream(new BufferedInputStream(from, BUFFER_BYTES));
        try {
            int layout = in.readUnsignedByte();
            copy = layout == BackupFormat.LAYOUT_OF_COPIES;
            if (layout != BackupFormat.LAYOUT && !copy) {
                throw new UnsupportedMessageException(
                        ErrorCode.KMS_VERSION_UNSUPPORTED,
                        "The backup has layout " + layout + ".",
                        "This release reads layouts " + BackupFormat.LAYOUT + " and " + BackupFormat.LAYOUT_OF_COPIES
                                + " only.",
                        "Restore it with the release that made it, or a newer one.");
            }
            madeAt = Instant.ofEpochMilli(in.readLong());
            int length = bounded(in.readInt(), 0, NamedKeyStore.MAX_STORE_KEY_BYTES, "record of the store's own key");
            storeKey = length == 0 ? null : bytes(length);
        } catch (EOFException e) {
            throw cut();
        }
    }

    Instant madeAt() {
        return madeAt;
    }

    /** The store's own key's record, if the store had one. */
    Optional<byte[]> storeKey() {
        return Optional.ofNullable(storeKey);
    }

    /** The names of the keys that were damaged when they were written, of those that were passed so far. */
    List<String> damaged() {
        return List.copyOf(damaged);
    }

    /** The next key that was sound, or empty after the last, when the count of all has been checked. */
    Optional<StoredKey> next() throws IOException {
        try {
            int mark = in.readUnsignedByte();
            while (copy && mark == BackupFormat.DAMAGED_KEY) {
                keys++;
                damaged.add(key(false).name());
                mark = in.readUnsignedByte();
            }
            if (mark == BackupFormat.KEY) {
                keys++;
                return Optional.of(key(true));
            }
            if (mark != BackupFormat.END || in.readLong() != keys || in.read() >= 0) {
                throw BackupFormat.malformed("What it holds does not fit its own count of keys.");
            }
            return Optional.empty();
        } catch (EOFException e) {
            throw cut();
        }
    }

    private StoredKey key(boolean sound) throws IOException {
        String name = new String(bytes(in.readUnsignedByte()), StandardCharsets.UTF_8);
        if (sound && !KeyNames.valid(name)) {
            throw BackupFormat.malformed("It holds a key without a valid name.");
        }
        long generation = in.readLong();
        byte[] manifest = bytes(bounded(in.readInt(), sound ? 1 : 0, StoredKey.MAX_MANIFEST_BYTES, "manifest"));
        int rows = bounded(in.readInt(), 0, BackupFormat.MOST_ROWS, "number of rows");
        List<StoredVersion> versions = new ArrayList<>();
        long total = 0;
        for (int i = 0; i < rows; i++) {
            int number = bounded(in.readInt(), 1, Integer.MAX_VALUE, "version");
            byte[] id = bytes(StoredVersion.ID_BYTES);
            byte[] wraps = bytes(bounded(in.readInt(), 1, StoredVersion.MAX_WRAPS_BYTES, "wrap"));
            total += wraps.length;
            if (total > StoredKey.MAX_TOTAL_WRAPS_BYTES) {
                throw BackupFormat.malformed("The wraps of a key are longer than a store takes.");
            }
            versions.add(new StoredVersion(number, id, wraps));
        }
        return new StoredKey(name, generation, manifest, versions);
    }

    private byte[] bytes(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw cut();
        }
        return bytes;
    }

    private static int bounded(int value, int least, int most, String what) {
        if (value < least || value > most) {
            throw BackupFormat.malformed(
                    "It holds a " + what + " of " + value + " instead of " + least + " to " + most + ".");
        }
        return value;
    }

    private static RuntimeException cut() {
        return BackupFormat.malformed("It ends before its end.");
    }
}
