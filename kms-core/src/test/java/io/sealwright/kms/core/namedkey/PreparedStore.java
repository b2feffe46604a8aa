package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WrapBinding;
import java.time.Instant;
import java.util.List;

/** Fills a store in memory with named keys of given ids and material, as the engine would have written them. */
public final class PreparedStore {
    private static final Instant MADE = Instant.parse("2026-01-31T12:00:00Z");

    private final NamedKeyStore store = NamedKeyStore.inMemory();
    private final WrappingKey master;
    private final VersionId storeId = new VersionId(1, 2);
    private final StoreKey storeKey;

    /** @param master wraps everything; not closed */
    public PreparedStore(WrappingKey master) {
        this.master = master;
        byte[] key = new byte[StoreKey.KEY_BYTES];
        key[0] = 1;
        this.storeKey = StoreKey.of(storeId.bytes(), SecretBytes.copyOf(key));
        List<Recipient> wraps = List.of(wrap(key, Bindings.storeKey(storeId.hex())));
        store.initialise(new StoreKeyRecord(storeId, StoreKey.check(key), wraps).encode());
    }

    /** Adds a key with one active version. */
    public PreparedStore with(String name, byte[] versionId, byte[] material) {
        VersionId id = VersionId.of(versionId);
        VersionRecord version = new VersionRecord(1, id, KeyState.ACTIVE, MADE, MADE, null, StoreKey.check(material));
        KeyRecord record = new KeyRecord(name, KeySpec.AES_256, MADE, null, 1, List.of(version));
        WrapBinding binding = Bindings.version(storeId.hex(), name, KeySpec.AES_256, 1, id);
        byte[] wraps = WrapList.encode(List.of(wrap(material, binding)));
        boolean made = store.apply(new KeyChange(
                name, 0, 1, storeKey.seal(record), List.of(new StoredVersion(1, versionId, wraps)), List.of(), null));
        if (!made) {
            throw new AssertionError("the key " + name + " is there already");
        }
        return this;
    }

    /** The store; the caller closes it. */
    public NamedKeyStore store() {
        return store;
    }

    private Recipient wrap(byte[] key, WrapBinding binding) {
        return new Recipient(RecipientKind.IN_PROCESS.id(), master.recipientId(), master.wrap(key, binding));
    }
}
