package io.sealwright.kms.testkit.store;

import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.WorkClaim;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A store that is another one but for what a subclass overrides: to stay open when its manager is closed, to count or
 * change what is read, to be away. For tests only. As safe for concurrent use as the store behind it.
 *
 * <p>Every method goes to the same one of the store behind, those with a default included. So {@link #differing} and
 * {@link #readAll} do not come by an overridden {@link #find}: override each that the test is about.
 */
public class ForwardingKeyStore implements NamedKeyStore {
    private final NamedKeyStore behind;

    /** Forwards to {@code behind}, which it closes when it is closed itself. */
    public ForwardingKeyStore(NamedKeyStore behind) {
        this.behind = Objects.requireNonNull(behind, "behind");
    }

    /** The store that a call goes to, asked at each one; what an override throws, every call throws that is not overridden. */
    protected NamedKeyStore behind() {
        return behind;
    }

    @Override
    public Optional<byte[]> storeKey() {
        return behind().storeKey();
    }

    @Override
    public byte[] initialise(byte[] sealed) {
        return behind().initialise(sealed);
    }

    @Override
    public boolean replaceStoreKey(byte[] expected, byte[] sealed) {
        return behind().replaceStoreKey(expected, sealed);
    }

    @Override
    public long revision() {
        return behind().revision();
    }

    @Override
    public List<String> names() {
        return behind().names();
    }

    @Override
    public Optional<StoredKey> find(String name) {
        return behind().find(name);
    }

    @Override
    public Set<String> differing(Map<String, Long> generations) {
        return behind().differing(generations);
    }

    @Override
    public Optional<String> nameOf(byte[] versionId) {
        return behind().nameOf(versionId);
    }

    @Override
    public boolean apply(KeyChange change) {
        return behind().apply(change);
    }

    @Override
    public void readAll(StoreReader reader) {
        behind().readAll(reader);
    }

    @Override
    public boolean replace(List<KeyReplacement> keys) {
        return behind().replace(keys);
    }

    @Override
    public List<String> due(Instant now, int most) {
        return behind().due(now, most);
    }

    @Override
    public boolean claim(WorkClaim claim) {
        return behind().claim(claim);
    }

    @Override
    public boolean release(WorkClaim claim) {
        return behind().release(claim);
    }

    @Override
    public Optional<Instant> clock() {
        return behind().clock();
    }

    @Override
    public List<String> damages() {
        return behind().damages();
    }

    @Override
    public String describe() {
        return behind().describe();
    }

    @Override
    public void close() {
        behind().close();
    }
}
