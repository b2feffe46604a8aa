package io.sealwright.kms.spi;

import io.sealwright.kms.error.StoreException;

/** Who is shown a whole store, as of one moment; see {@link NamedKeyStore#readAll}. */
public interface StoreReader {
    /**
     * The store's own key as the engine sealed it; called first, and only if the store has one.
     *
     * @param sealed the reader's to keep
     */
    void storeKey(byte[] sealed);

    /** One key; each is shown once, in no order that is promised. */
    void key(StoredKey key);

    /** A key whose rows cannot be read, since something else than this library changed them. The default throws. */
    default void damaged(String name, StoreException why) {
        throw why;
    }
}
