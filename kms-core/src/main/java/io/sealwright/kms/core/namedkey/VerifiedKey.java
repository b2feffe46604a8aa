package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A key as it was read from the store: its manifest, which is authentic, and the rows of its versions, which are those
 * that the manifest names. What lies in the rows is not checked before it is unwrapped.
 *
 * @param record what the manifest says
 * @param material by number, one row for each version that is not destroyed
 */
record VerifiedKey(KeyRecord record, Map<Integer, StoredVersion> material) {
    VerifiedKey {
        material = Map.copyOf(material);
    }

    /**
     * Checks all that can be checked without a master key.
     *
     * @param name the name that was asked for
     * @throws io.sealwright.kms.error.StoreException with code KMS_STORE_CORRUPT if anything does not fit
     */
    static VerifiedKey check(String name, StoredKey stored, StoreKey storeKey) {
        String subject = KeyErrors.key(name);
        KeyRecord key = storeKey.open(subject, stored.manifest());
        if (!stored.name().equals(name) || !key.name().equals(name)) {
            throw KeyErrors.corrupt(subject, "It is another key's, moved to this name.");
        }
        if (key.generation() != stored.generation()) {
            throw KeyErrors.corrupt(
                    subject,
                    "Its row says generation " + stored.generation() + ", its manifest " + key.generation() + ".");
        }
        Map<Integer, StoredVersion> material = new HashMap<>();
        for (StoredVersion row : stored.versions()) {
            VersionRecord version = key.version(row.number()).orElse(null);
            if (version == null || version.state() == KeyState.DESTROYED) {
                throw KeyErrors.corrupt(
                        subject, "There is a row of a version " + row.number() + " that its manifest does not have.");
            }
            if (!MessageDigest.isEqual(version.id().bytes(), row.id())) {
                throw KeyErrors.corrupt(subject, "The row of its version " + row.number() + " has another id.");
            }
            if (material.put(row.number(), row) != null) {
                throw KeyErrors.corrupt(subject, "There are two rows of its version " + row.number() + ".");
            }
        }
        for (VersionRecord version : key.versions()) {
            if (version.state() != KeyState.DESTROYED && !material.containsKey(version.number())) {
                throw KeyErrors.corrupt(
                        subject, "The row of its version " + version.number() + " is hidden, or was deleted.");
            }
        }
        return new VerifiedKey(key, material);
    }

    /** One version's material as it lies in the store; the version is not destroyed. */
    StoredMaterial stored(VersionRecord version, String storeIdHex) {
        return new StoredMaterial(
                "version " + version.number() + " of " + KeyErrors.key(record.name()),
                wraps(version.number()),
                Bindings.version(storeIdHex, record.name(), record.spec(), version.number(), version.id()),
                record.spec().materialBytes(),
                version.check());
    }

    /** The versions that are not destroyed. */
    List<VersionRecord> live() {
        return record.versions().stream()
                .filter(version -> version.state() != KeyState.DESTROYED)
                .toList();
    }

    /** The material of every version that is not destroyed. */
    List<StoredMaterial> stored(String storeIdHex) {
        return live().stream().map(version -> stored(version, storeIdHex)).toList();
    }

    /** The wraps of one version's material. */
    List<Recipient> wraps(int number) {
        String subject = KeyErrors.key(record.name());
        StoredVersion stored = material.get(number);
        if (stored == null) {
            throw KeyErrors.corrupt(subject, "The row of its version " + number + " is not there.");
        }
        return WrapList.decode("version " + number + " of " + subject, stored.wraps());
    }
}
