package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.WorkClaim;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Reads another store, and keeps changes from it. */
record CapturingStore(NamedKeyStore read, Consumer<KeyChange> changes) implements NamedKeyStore {
    @Override
    public Optional<byte[]> storeKey() {
        return read.storeKey();
    }

    @Override
    public byte[] initialise(byte[] sealed) {
        return read.initialise(sealed);
    }

    @Override
    public boolean replaceStoreKey(byte[] expected, byte[] sealed) {
        return false;
    }

    @Override
    public long revision() {
        return read.revision();
    }

    @Override
    public List<String> names() {
        return read.names();
    }

    @Override
    public Optional<StoredKey> find(String name) {
        return read.find(name);
    }

    @Override
    public Optional<String> nameOf(byte[] versionId) {
        return read.nameOf(versionId);
    }

    @Override
    public boolean apply(KeyChange change) {
        changes.accept(change);
        return true;
    }

    @Override
    public List<String> due(Instant now, int most) {
        return read.due(now, most);
    }

    @Override
    public void readAll(StoreReader reader) {
        read.readAll(reader);
    }

    @Override
    public boolean replace(List<KeyReplacement> keys) {
        return false;
    }

    @Override
    public boolean claim(WorkClaim claim) {
        return read.claim(claim);
    }

    @Override
    public boolean release(WorkClaim claim) {
        return read.release(claim);
    }

    @Override
    public String describe() {
        return read.describe();
    }

    @Override
    public void close() {}
}
