package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.util.Map;

/** What wraps of stored keys are bound to: store, name, version, id and spec, so that no row passes for another. */
final class Bindings {
    private Bindings() {}

    static WrapBinding storeKey(String storeId) {
        return new WrapBinding(Purpose.STORE_KEY, EncryptionContext.encode(Map.of("sealwright:store", storeId)));
    }

    static WrapBinding version(String storeId, String name, KeySpec spec, int number, VersionId id) {
        return new WrapBinding(
                Purpose.NAMED_KEY,
                EncryptionContext.encode(Map.of(
                        "sealwright:store", storeId,
                        "sealwright:key", name,
                        "sealwright:version", Integer.toString(number),
                        "sealwright:id", id.hex(),
                        "sealwright:spec", spec.name())));
    }
}
