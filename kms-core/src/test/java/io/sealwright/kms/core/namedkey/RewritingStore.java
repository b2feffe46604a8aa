package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.testkit.store.ForwardingKeyStore;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A store in memory that can be told to lie, to fail, or to let others in first; and that counts. */
final class RewritingStore extends ForwardingKeyStore {
    final NamedKeyStore real;
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

    RewritingStore() {
        this(NamedKeyStore.inMemory());
    }

    private RewritingStore(NamedKeyStore real) {
        super(real);
        this.real = real;
    }

    void honest() {
        rewrite = Optional::of;
        rewriteStoreKey = UnaryOperator.identity();
        rewriteName = UnaryOperator.identity();
        rewriteNames = UnaryOperator.identity();
        rewriteDue = UnaryOperator.identity();
        away = false;
    }

    @Override
    protected NamedKeyStore behind() {
        if (away) {
            throw new StoreException(
                    ErrorCode.KMS_STORE_UNAVAILABLE, "The store is away.", "The test said so.", "Bring it back.");
        }
        return real;
    }

    @Override
    public Optional<byte[]> storeKey() {
        return super.storeKey().map(rewriteStoreKey);
    }

    @Override
    public List<String> names() {
        return rewriteNames.apply(super.names());
    }

    @Override
    public Optional<StoredKey> find(String name) {
        finds.incrementAndGet();
        return super.find(name).flatMap(rewrite);
    }

    @Override
    public Optional<String> nameOf(byte[] versionId) {
        looks.incrementAndGet();
        return rewriteName.apply(super.nameOf(versionId));
    }

    @Override
    public boolean apply(KeyChange change) {
        beforeApply.run();
        return super.apply(change);
    }

    @Override
    public List<String> due(Instant now, int most) {
        dues.incrementAndGet();
        return rewriteDue.apply(super.due(now, most));
    }

    @Override
    public void readAll(StoreReader reader) {
        storeKey().ifPresent(reader::storeKey);
        names().forEach(name -> find(name).ifPresent(reader::key));
    }

    @Override
    public boolean replace(List<KeyReplacement> keys) {
        beforeApply.run();
        return super.replace(keys);
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
