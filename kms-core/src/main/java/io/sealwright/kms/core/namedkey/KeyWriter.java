package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.KeyReplacement.ErasedVersion;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WrapBinding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** Writes keys that come from elsewhere, whole. */
final class KeyWriter {
    private final NamedKeyStore store;
    private final KnownKeys known;
    private final StoreKeys storeKeys;
    private final MasterKeys masterKeys;
    private final ProviderCalls calls;

    KeyWriter(NamedKeyStore store, KnownKeys known, StoreKeys storeKeys, MasterKeys masterKeys, ProviderCalls calls) {
        this.store = store;
        this.known = known;
        this.storeKeys = storeKeys;
        this.masterKeys = masterKeys;
        this.calls = calls;
    }

    void demandAbsent(String name) {
        calls.call("read " + KeyErrors.key(name), () -> known.read(name)).ifPresent(there -> {
            throw KeyErrors.exists(there.record());
        });
    }

    /**
     * Adds a key.
     *
     * @param key under the name it is to have; its generation does not count
     * @param material by number, of each version that is not destroyed
     * @throws io.sealwright.kms.error.KeyExistsException if its name or one of its versions is there
     */
    void add(KeyRecord key, IntFunction<SecretBytes> material) {
        if (!masterKeys.wraps()) {
            throw KeyErrors.decryptOnly("Importing " + KeyErrors.key(key.name()));
        }
        demandAbsent(key.name());
        List<StoredVersion> rows = new ArrayList<>();
        for (VersionRecord version : key.versions()) {
            demandNew(key.name(), version);
            if (version.state() != KeyState.DESTROYED) {
                String what = "wrap version " + version.number() + " of " + KeyErrors.key(key.name());
                rows.add(calls.call(what, () -> row(key, version, material.apply(version.number()))));
            }
        }
        KeyRecord first = key.inGeneration(1);
        boolean added = calls.call("add " + KeyErrors.key(key.name()), () -> {
            byte[] sealed = storeKeys.findOrMake().seal(first);
            boolean done = put(List.of(replacement(first, 0, sealed, rows)));
            return done && known.absorb(first, sealed, true);
        });
        if (!added) {
            demandAbsent(key.name());
            throw KeyErrors.conflict(key.name());
        }
    }

    /** Writes them in one transaction; false if one was changed meanwhile. */
    boolean put(List<KeyReplacement> keys) {
        try {
            return store.replace(keys);
        } catch (IllegalArgumentException e) {
            // Looked for before: whoever put an id there was quicker.
            throw KeyErrors.conflict(keys.get(0).name());
        }
    }

    private void demandNew(String name, VersionRecord version) {
        calls.call("look for a version", () -> store.nameOf(version.id().bytes()))
                .ifPresent(there -> {
                    throw KeyErrors.versionExists(name, version.number(), there);
                });
    }

    /** Wraps material for this store, under every master key; each wrap is opened again and compared. */
    StoredVersion row(KeyRecord key, VersionRecord version, SecretBytes material) {
        WrapBinding binding = Bindings.version(
                storeKeys.findOrMake().storeIdHex(), key.name(), key.spec(), version.number(), version.id());
        byte[] wraps = WrapList.encode(masterKeys.wrapAll(material, binding));
        return new StoredVersion(version.number(), version.id().bytes(), wraps);
    }

    static KeyReplacement replacement(KeyRecord key, long expected, byte[] sealed, List<StoredVersion> rows) {
        List<ErasedVersion> erased = key.versions().stream()
                .filter(version -> version.state() == KeyState.DESTROYED)
                .map(version -> new ErasedVersion(version.number(), version.id().bytes()))
                .toList();
        return new KeyReplacement(key.name(), expected, key.generation(), sealed, rows, erased, key.dueAt());
    }
}
