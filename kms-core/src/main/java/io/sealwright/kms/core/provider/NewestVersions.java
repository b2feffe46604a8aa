package io.sealwright.kms.core.provider;

import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has keys learn their newest version before anything is called newest. A key that was just opened has not heard of any
 * version, and one that was rotated by its provider's own tools since has heard of an older one: either would take what is
 * outdated for the newest, and a version for retired that is in use.
 */
public final class NewestVersions {
    /** How long an answer serves. */
    static final long SERVES_NANOS = Duration.ofMinutes(1).toNanos();

    private static final Logger LOG = LoggerFactory.getLogger(NewestVersions.class);

    private final ProviderCalls calls;
    private final TimeSource time;
    private final Map<MasterKey, Learned> learned = new ConcurrentHashMap<>();

    /** Knows of no version yet. */
    public NewestVersions(ProviderCalls calls, TimeSource time) {
        this.calls = calls;
        this.time = time;
    }

    private static final class Learned {
        private final ReentrantLock lock = new ReentrantLock();
        private boolean ever; // guarded by lock
        private long at; // guarded by lock
    }

    /**
     * Asks for a key's newest version, unless that was done less than a minute ago. Keys in this process look after theirs
     * themselves. For workers: may block.
     *
     * @throws KmsException if the key does not answer and never did: what its newest version is, is then not known. That
     *     asking is denied is none; it is logged once a minute
     * @throws CallInterruptedException if the thread was interrupted meanwhile
     */
    public void learn(MasterKey key) {
        if (key.inProcess()) {
            return;
        }
        Learned known = learned.computeIfAbsent(key, k -> new Learned());
        try {
            known.lock.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CallInterruptedException(
                    "The look for the newest version of " + key.uri() + " was interrupted.",
                    "Another thread asked this one to stop, or its deadline passed.",
                    "Repeat the call if it is still wanted.",
                    e);
        }
        try {
            long now = time.nanoTime();
            if (known.ever && now - known.at < SERVES_NANOS) {
                return;
            }
            known.at = now; // also if it fails: others do not all wait for the same
            boolean unused = calls.invoke(key, Operation.REFRESH, key::refresh);
            known.ever = true;
        } catch (CallInterruptedException e) {
            throw e;
        } catch (PermissionDeniedException e) {
            // Who may only wrap and unwrap goes on as before; what is newest is then known from this process's own
            // wraps.
            known.ever = true;
            LOG.warn(
                    "{} does not let this process ask for its newest version, so that an outdated message may be taken for"
                            + " one that is not: {}",
                    key.uri(),
                    e.getMessage());
        } catch (KmsException e) {
            if (!known.ever) {
                throw e;
            }
            LOG.debug(
                    "{} could not be asked for its newest version; what was heard last serves: {}",
                    key.uri(),
                    e.code());
        } finally {
            known.lock.unlock();
        }
    }
}
