package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.core.provider.Futures;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches master keys again before their age ends, apart from the calls that use them, and says so when it fails. */
public final class SecretRefresh {
    private static final Logger LOG = LoggerFactory.getLogger(SecretRefresh.class);

    private final List<SecretMasterKey> keys;
    private final ProviderCalls calls;
    private final Set<SecretMasterKey> failed = new HashSet<>(); // guarded by itself

    /** Looks after those of the keys that are made of secrets. */
    public SecretRefresh(List<MasterKey> masterKeys, ProviderCalls calls) {
        this.keys = masterKeys.stream()
                .filter(SecretMasterKey.class::isInstance)
                .map(SecretMasterKey.class::cast)
                .toList();
        this.calls = calls;
    }

    /** Tells whether a master key is looked after here. */
    public static boolean looksAfter(MasterKey key) {
        return key instanceof SecretMasterKey;
    }

    /** Begins what is due; waits for nothing. */
    public void poll() {
        for (SecretMasterKey key : keys) {
            if (key.isDue()) {
                try {
                    CompletableFuture<Boolean> look = calls.begin(
                            "fetching " + key.uri() + " again",
                            () -> key.onThisMachine()
                                    ? key.refresh() // no event: nobody was asked
                                    : calls.invoke(key, Operation.REFRESH, key::refresh),
                            discarded -> {});
                    Futures.then(look, (changed, failure) -> tell(key, failure));
                } catch (KmsException e) {
                    tell(key, e);
                }
            }
        }
    }

    private void tell(SecretMasterKey key, @org.jspecify.annotations.Nullable Throwable failure) {
        synchronized (failed) {
            if (failure == null) {
                if (failed.remove(key)) {
                    LOG.info("{} could be fetched again", key.uri());
                }
            } else if (failed.add(key)) {
                LOG.warn(
                        "{} could not be fetched again{}: {}",
                        key.uri(),
                        key.isHeld() ? "; what is in memory goes on serving inside the outage window" : "",
                        failure.getMessage());
            }
        }
    }
}
