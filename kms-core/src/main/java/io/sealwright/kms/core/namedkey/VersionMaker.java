package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WrapBinding;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Makes new versions: random material, wrapped by every master key. Blocks; for workers. */
final class VersionMaker {
    private final StoreKeys storeKeys;
    private final MasterKeys masterKeys;
    private final CloneSafeRandom random = new CloneSafeRandom();

    /** A version as its manifest tells it, and its row. */
    record NewVersion(VersionRecord version, StoredVersion row) {}

    VersionMaker(StoreKeys storeKeys, MasterKeys masterKeys) {
        this.storeKeys = storeKeys;
        this.masterKeys = masterKeys;
    }

    /** Tells whether there is a master key to wrap with. */
    boolean wraps() {
        return masterKeys.wraps();
    }

    /** Throws unless there is a master key to wrap with. */
    void requireWrapping(String what) {
        if (!masterKeys.wraps()) {
            throw KeyErrors.decryptOnly(what);
        }
    }

    /**
     * Makes one.
     *
     * @param activeFrom when it begins to seal, or null for at once
     */
    NewVersion make(String name, KeySpec spec, int number, @Nullable Instant activeFrom, Instant now) {
        VersionId id = VersionId.random(random);
        byte[] bytes = new byte[spec.materialBytes()];
        random.nextBytes(bytes);
        long check = StoreKey.check(bytes);
        Instant from = activeFrom != null && activeFrom.isAfter(now) ? activeFrom : now;
        try (SecretBytes material = SecretBytes.owning(bytes)) {
            WrapBinding binding = Bindings.version(storeKeys.findOrMake().storeIdHex(), name, spec, number, id);
            byte[] wraps = WrapList.encode(masterKeys.wrapAll(material, binding));
            VersionRecord version = new VersionRecord(
                    number, id, from.isAfter(now) ? KeyState.PRE_ACTIVE : KeyState.ACTIVE, now, from, null, check);
            return new NewVersion(version, new StoredVersion(number, id.bytes(), wraps));
        }
    }
}
