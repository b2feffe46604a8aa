package io.sealwright.kms.core.provider;

import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.TimeSource;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has master keys find out what they are, where a recipient may be theirs and they cannot tell yet: a secret that was not
 * fetched, an alias that was not resolved. What strangers send must not make a provider be asked for each message, so a
 * key is asked once a second at most, whoever asks, and who comes meanwhile gets the last failure. (What is fetched keeps
 * such a pause itself.)
 */
public final class FirstLook {
    private static final Logger LOG = LoggerFactory.getLogger(FirstLook.class);

    private final ProviderCalls calls;
    private final IdentityHashMap<MasterKey, FreshLook> looks =
            new IdentityHashMap<>(); // not changed after construction

    /** Looks at nothing yet. */
    public FirstLook(List<MasterKey> keys, ProviderCalls calls, TimeSource time) {
        this.calls = calls;
        for (MasterKey key : keys) {
            looks.put(key, new FreshLook(List.of(key), calls, time));
        }
    }

    /** Whether one of the recipients may be the key's without its being able to tell. */
    public static boolean isDue(MasterKey key, List<Recipient> recipients) {
        for (Recipient recipient : recipients) {
            if (key.mightRecognize(recipient)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Looks, if that is due for one of the recipients. Blocks; for workers.
     *
     * @throws KmsException why the key could not find out. That what it is configured by is not there is none: then nothing
     *     is this key's
     */
    public void look(MasterKey key, List<Recipient> recipients) {
        if (!isDue(key, recipients)) {
            return;
        }
        FreshLook look = looks.get(key);
        if (look == null || key instanceof FetchedKey) {
            boolean unused = calls.invoke(key, Operation.REFRESH, key::refresh);
            return;
        }
        look.look(false);
        KmsException failure = isDue(key, recipients) ? look.failure() : null;
        if (failure instanceof KeyNotFoundException) {
            LOG.warn("{} cannot open anything: {}", key.uri(), failure.getMessage());
        } else if (failure != null) {
            throw failure;
        }
    }

    /** {@link #look} at each of these keys; what the last one failed with. */
    public @Nullable KmsException lookAll(List<MasterKey> keys, List<Recipient> recipients) {
        KmsException failure = null;
        for (MasterKey key : keys) {
            try {
                look(key, recipients);
            } catch (CallInterruptedException e) {
                throw e;
            } catch (KmsException e) {
                failure = e;
            }
        }
        return failure;
    }
}
