package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnsupportedMessageException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What is sealed in an export of a key, big-endian: layout 1 (1 byte), length of the manifest (4), the manifest without a
 * tag ({@link Manifest}; its generation does not count), then the material of each version that is not destroyed, in
 * order.
 */
final class ExportedKey implements AutoCloseable {
    private static final int LAYOUT = 1;
    private static final String SUBJECT = "the exported key";

    private final KeyRecord record;
    private final Map<Integer, SecretBytes> material = new LinkedHashMap<>();

    ExportedKey(KeyRecord record) {
        this.record = record;
    }

    KeyRecord record() {
        return record;
    }

    /** Takes the material of a version over. */
    void add(int number, SecretBytes bytes) {
        material.put(number, bytes);
    }

    /** The material of a version that is not destroyed. */
    SecretBytes material(int number) {
        return Objects.requireNonNull(material.get(number));
    }

    /** The bytes; the caller wipes them. */
    byte[] encode() {
        byte[] manifest = Manifest.encode(record);
        int each = record.spec().materialBytes();
        ByteBuffer out = ByteBuffer.allocate(1 + 4 + manifest.length + material.size() * each);
        out.put((byte) LAYOUT).putInt(manifest.length).put(manifest);
        for (VersionRecord version : record.versions()) {
            SecretBytes secret = material.get(version.number());
            if (secret != null) {
                byte[] bytes = secret.copy();
                out.put(bytes);
                Arrays.fill(bytes, (byte) 0);
            }
        }
        return out.array();
    }

    /** Reads what was authenticated; still nothing is taken on trust. The caller closes it. */
    static ExportedKey decode(byte[] bytes) {
        try {
            RowReader in = new RowReader(SUBJECT, bytes);
            int layout = in.u8();
            if (layout != LAYOUT) {
                throw new UnsupportedMessageException(
                        ErrorCode.KMS_VERSION_UNSUPPORTED,
                        "The export has layout " + layout + ".",
                        "This release reads layout " + LAYOUT + " only.",
                        "Import it with the release that made it, or a newer one.");
            }
            int length = in.i32();
            if (length < 0) {
                throw in.damaged("Its manifest has no length.");
            }
            return read(Manifest.decode(SUBJECT, in.bytes(length)), in);
        } catch (StoreException e) {
            throw malformed(e.why());
        }
    }

    private static ExportedKey read(KeyRecord record, RowReader in) {
        ExportedKey key = new ExportedKey(record);
        try {
            for (VersionRecord version : record.versions()) {
                if (version.state() == KeyState.DESTROYED) {
                    continue;
                }
                byte[] material = in.bytes(record.spec().materialBytes());
                key.add(version.number(), SecretBytes.owning(material));
                if (StoreKey.check(material) != version.check()) {
                    throw in.damaged("The material of its version " + version.number() + " does not fit its check.");
                }
            }
            in.end();
            if (key.material.isEmpty()) {
                throw in.damaged("It has no version that is not destroyed.");
            }
            return key;
        } catch (RuntimeException | Error e) {
            key.close();
            throw e;
        }
    }

    static MalformedMessageException malformed(String why) {
        return new MalformedMessageException(
                "The export of a key is refused.", why, "Export the key again, with a release that this one knows.");
    }

    @Override
    public void close() {
        material.values().forEach(SecretBytes::close);
    }

    /** Without the material. */
    @Override
    public String toString() {
        return "ExportedKey[" + record.name() + ", redacted]";
    }
}
