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
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has master keys look before it is said that none matches: what they are, where a recipient may be theirs and they cannot tell
 * yet (a secret that was not fetched, an alias that was not resolved), and whether there are newer versions, where a
 * recipient may be of one (another process may have rotated a key a moment ago). What strangers send must not make a provider
 * be asked for each message, so a key is asked once a second at most, whoever asks, and who comes meanwhile gets the last
 * failure. (What is fetched keeps such a pause itself, too.) Keys whose recipients name them whatever the version are not asked.
 */
public final class FreshLooks {
    private static final Logger LOG = LoggerFactory.getLogger(FreshLooks.class);

    private final List<MasterKey> keys;
    private final ProviderCalls calls;
    private final IdentityHashMap<MasterKey, FreshLook> looks =
            new IdentityHashMap<>(); // not changed after construction

    /** Looks at nothing yet. */
    public FreshLooks(List<MasterKey> keys, ProviderCalls calls, TimeSource time) {
        this.keys = List.copyOf(keys);
        this.calls = calls;
        for (MasterKey key : keys) {
            looks.put(key, new FreshLook(key, calls, time));
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
     * Has a key find out what it is, if that is due for one of the recipients. Blocks; for workers.
     *
     * @throws KmsException why the key could not find out. That what it is configured by is not there is none: then nothing
     *     is this key's
     */
    private void resolve(MasterKey key, List<Recipient> recipients) {
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

    /** Has each of these keys find out what it is, if that is due for one of the recipients; what the last one failed with. Blocks; for workers. */
    public @Nullable KmsException resolveAll(List<MasterKey> keys, List<Recipient> recipients) {
        KmsException failure = null;
        for (MasterKey key : keys) {
            try {
                resolve(key, recipients);
            } catch (CallInterruptedException e) {
                throw e;
            } catch (KmsException e) {
                failure = e;
            }
        }
        return failure;
    }

    /**
     * Has keys look for newer versions, where one of the recipients may be of one; compare again after it. Blocks; for workers.
     *
     * @param patient whether to wait until a look may be made: for what is surely meant for a key here
     * @throws io.sealwright.kms.error.OverloadedException if too many wait already
     */
    public void forNewer(List<Recipient> recipients, boolean patient) {
        for (MasterKey key : keys) {
            if (recipients.stream().anyMatch(key::mightBeNewer)) {
                lookOf(key).look(patient);
                if (recipients.stream().anyMatch(key::recognizes)) {
                    return;
                }
            }
        }
    }

    /** Has every key look for newer versions; those that fail keep what they know. Blocks; for workers, after {@link #awaitTurn}. */
    public void forAll() {
        keys.forEach(key -> lookOf(key).look(false));
    }

    /** Waits until every key may look again, a second at most; asks nobody. Not for workers, which have a deadline. */
    public void awaitTurn() {
        keys.forEach(key -> lookOf(key).awaitTurn());
    }

    private FreshLook lookOf(MasterKey key) {
        return Objects.requireNonNull(looks.get(key));
    }
}
