package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import java.util.List;

/**
 * Wrapped material as it lies in the store, with all that is known of what must come out.
 *
 * @param subject how it is called in messages
 * @param wraps one a master key
 * @param binding what they are bound to
 * @param bytes length of the material
 * @param check the material's key check, from an authenticated place or, for the store's own key, beside it
 */
record StoredMaterial(String subject, List<Recipient> wraps, WrapBinding binding, int bytes, long check) {
    /** Tells whether that is the material. */
    boolean fits(byte[] material) {
        return material.length == bytes && StoreKey.check(material) == check;
    }
}
