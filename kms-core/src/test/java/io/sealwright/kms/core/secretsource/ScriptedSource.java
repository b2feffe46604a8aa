package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A secret store in memory that fails as it is told. */
class ScriptedSource implements SecretSource {
    final AtomicInteger fetches = new AtomicInteger();
    final List<byte[]> versions = new ArrayList<>(); // newest last; guarded by this
    volatile Supplier<RuntimeException> failure;
    volatile Runnable before = () -> {};
    volatile boolean closed;

    ScriptedSource(int... firstBytes) {
        for (int first : firstBytes) {
            byte[] key = new byte[32];
            key[0] = (byte) first;
            versions.add(key);
        }
    }

    @Override
    public String uri() {
        return "scripted://secret";
    }

    @Override
    public SecretVersions fetch() {
        fetches.incrementAndGet();
        before.run();
        Supplier<RuntimeException> now = failure;
        if (now != null) {
            throw now.get();
        }
        synchronized (this) {
            if (versions.isEmpty()) {
                return new SecretVersions("r0", newest(), List.of(), Optional.empty());
            }
            List<SecretVersion> all = new ArrayList<>();
            for (int i = versions.size() - 1; i >= 0; i--) {
                all.add(SecretVersion.key("v" + i, SecretBytes.copyOf(versions.get(i)), null));
            }
            return new SecretVersions("r" + versions.size(), all.get(0), all.subList(1, all.size()), Optional.empty());
        }
    }

    /** What there is without a version. */
    SecretVersion newest() {
        throw new IllegalStateException("no version");
    }

    @Override
    public boolean writable() {
        return true;
    }

    @Override
    public synchronized String write(SecretBytes key, String expected) {
        if (!expected.equals("r" + versions.size())) {
            throw new StoreException(ErrorCode.KMS_STORE_CONFLICT, "Not written.", "It has changed.", "Again.");
        }
        versions.add(key.copy());
        return "v" + (versions.size() - 1);
    }

    @Override
    public void close() {
        closed = true;
    }
}
