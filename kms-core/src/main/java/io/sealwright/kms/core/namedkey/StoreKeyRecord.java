package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The record of a store's own key: layout 1 (1 byte), the store's id (16), the key's check (8), its wraps
 * ({@link WrapList}). An edited one does not open: the wraps are bound to the id, and the check must fit.
 */
record StoreKeyRecord(VersionId storeId, long check, List<Recipient> wraps) {
    /** How the record is called in messages. */
    static final String SUBJECT = "the store's own key";

    private static final int LAYOUT = 1;
    // What a NamedKeyStore takes.
    private static final int MOST_BYTES = 64 << 10;

    byte[] encode() {
        byte[] list = WrapList.encode(wraps);
        int size = 1 + VersionId.BYTES + Long.BYTES + list.length;
        if (size > MOST_BYTES) {
            throw new ConfigurationException(
                    "The store's own key cannot be stored.",
                    "Its wraps by " + wraps.size() + " master keys have " + size + " bytes together; at most "
                            + MOST_BYTES + " fit.",
                    "Configure fewer master keys.");
        }
        return ByteBuffer.allocate(size)
                .put((byte) LAYOUT)
                .put(storeId.bytes())
                .putLong(check)
                .put(list)
                .array();
    }

    StoredMaterial material() {
        return new StoredMaterial(SUBJECT, wraps, binding(storeId), StoreKey.KEY_BYTES, check);
    }

    static WrapBinding binding(VersionId storeId) {
        return Bindings.storeKey(storeId.hex());
    }

    static StoreKeyRecord decode(byte[] bytes) {
        if (bytes.length > MOST_BYTES) {
            throw KeyErrors.corrupt(SUBJECT, "Its row is longer than " + MOST_BYTES + " bytes.");
        }
        RowReader in = new RowReader(SUBJECT, bytes);
        int layout = in.u8();
        if (layout != LAYOUT) {
            throw in.damaged("Its row has layout " + layout + ", which this release does not know.");
        }
        VersionId storeId = VersionId.of(in.bytes(VersionId.BYTES));
        long check = in.i64();
        return new StoreKeyRecord(storeId, check, WrapList.decode(SUBJECT, in.bytes(in.remaining())));
    }
}
