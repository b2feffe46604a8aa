package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.WorkClaim;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A store in memory that can be told to lie, to fail, or to let others in first; and that counts. */
final class RewritingStore implements NamedKeyStore {
    final NamedKeyStore real = NamedKeyStore.inMemory();
    final AtomicInteger finds = new AtomicInteger();
    final AtomicInteger dues = new AtomicInteger();
    final AtomicInteger looks = new AtomicInteger();
    volatile Function<StoredKey, Optional<StoredKey>> rewrite = Optional::of;
    volatile UnaryOperator<byte[]> rewriteStoreKey = UnaryOperator.identity();
    volatile UnaryOperator<Optional<String>> rewriteName = UnaryOperator.identity();
    volatile UnaryOperator<List<String>> rewriteNames = UnaryOperator.identity();
    volatile UnaryOperator<List<String>> rewriteDue = UnaryOperator.identity();
    volatile Runnable beforeApply = () -> {};
    volatile boolean away;

    void honest() {
        rewrite = Optional::of;
        rewriteStoreKey = UnaryOperator.identity();
        rewriteName = UnaryOperator.identity();
        rewriteNames = UnaryOperator.identity();
        rewriteDue = UnaryOperator.identity();
        away = false;
    }

    private NamedKeyStore real() {
        if (away) {
            throw new StoreException(
                    ErrorCode.KMS_STORE_UNAVAILABLE, "The store is away.", "The test said so.", "Bring it back.");
        }
        return real;
    }

    @Override
    public Optional<byte[]> storeKey() {
        return real().storeKey().map(rewriteStoreKey);
    }

    @Override
    public byte[] initialise(byte[] sealed) {
        return real().initialise(sealed);
    }

    @Override
    public boolean replaceStoreKey(byte[] expected, byte[] sealed) {
        return real().replaceStoreKey(expected, sealed);
    }

    @Override
    public long revision() {
        return real().revision();
    }

    @Override
    public List<String> names() {
        return rewriteNames.apply(real().names());
    }

    @Override
    public Optional<StoredKey> find(String name) {
        finds.incrementAndGet();
        return real().find(name).flatMap(rewrite);
    }

    @Override
    public Optional<String> nameOf(byte[] versionId) {
        looks.incrementAndGet();
        return rewriteName.apply(real().nameOf(versionId));
    }

    @Override
    public boolean apply(KeyChange change) {
        beforeApply.run();
        return real().apply(change);
    }

    @Override
    public List<String> due(Instant now, int most) {
        dues.incrementAndGet();
        return rewriteDue.apply(real().due(now, most));
    }

    @Override
    public Set<String> differing(Map<String, Long> generations) {
        return real().differing(generations);
    }

    @Override
    public void readAll(StoreReader reader) {
        storeKey().ifPresent(reader::storeKey);
        names().forEach(name -> find(name).ifPresent(reader::key));
    }

    @Override
    public boolean replace(List<KeyReplacement> keys) {
        beforeApply.run();
        return real().replace(keys);
    }

    @Override
    public boolean claim(WorkClaim claim) {
        return real().claim(claim);
    }

    @Override
    public boolean release(WorkClaim claim) {
        return real().release(claim);
    }

    @Override
    public String describe() {
        return real.describe();
    }

    @Override
    public void close() {
        real.close();
    }
}
