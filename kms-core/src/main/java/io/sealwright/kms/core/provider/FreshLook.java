package io.sealwright.kms.core.provider;

import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has a master key look for what is new. At most one look a second, whoever asks; who comes while one is under way shares it. */
final class FreshLook {
    /** From the beginning of one look to that of the next. */
    static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    /** Workers that wait for one look; more are refused, so that a store that hangs leaves workers for what is known. */
    static final int MOST_WAITING = 16;

    private static final Logger LOG = LoggerFactory.getLogger(FreshLook.class);

    private final MasterKey key;
    private final ProviderCalls calls;
    private final TimeSource time;
    private final ReentrantLock looking = new ReentrantLock();
    private volatile long ended; // written under looking
    private volatile long begunAt; // written under looking
    private volatile @Nullable KmsException failure; // written under looking

    /** Looks at nothing yet. */
    FreshLook(MasterKey key, ProviderCalls calls, TimeSource time) {
        this.key = key;
        this.calls = calls;
        this.time = time;
        this.begunAt = time.nanoTime() - PAUSE_NANOS;
    }

    /**
     * Looks, unless that was done less than a second ago; compare again after it in any case, since others look as well.
     * For workers: may block.
     *
     * @param patient whether to wait until a look may be made, a second at most, and half of a call's deadline: for
     *     what is surely meant for a key here. What strangers send does not wait
     * @throws CallInterruptedException if the thread was interrupted meanwhile
     * @throws OverloadedException if sixteen others wait already
     */
    void look(boolean patient) {
        long before = ended;
        if (looking.getQueueLength() >= MOST_WAITING) {
            throw new OverloadedException(
                    "A message may be for a newer version of a master key, and that was not looked for.",
                    MOST_WAITING + " others wait for a look that is under way.",
                    "Repeat the call later; check whether the place the keys come from is slow or hangs.");
        }
        try {
            looking.lockInterruptibly();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        try {
            if (ended != before) {
                return;
            }
            long pause = begunAt + PAUSE_NANOS - time.nanoTime();
            if (pause > 0) {
                // Within a deadline that is shorter than the pause, no look can be waited for.
                if (!patient || pause > calls.deadline().toNanos() / 2) {
                    return;
                }
                TimeUnit.NANOSECONDS.sleep(pause);
            }
            begunAt = time.nanoTime();
            refresh();
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            looking.unlock();
        }
    }

    /** Waits until a look may be made again, a second at most; asks nobody. Not for workers, which have a deadline. */
    void awaitTurn() {
        try {
            TimeUnit.NANOSECONDS.sleep(begunAt + PAUSE_NANOS - time.nanoTime());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** What the last look failed with; null if it did not, or none was made. */
    @Nullable
    KmsException failure() {
        return failure;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock
    private void refresh() {
        KmsException failed = null;
        try {
            boolean unused = calls.invoke(key, Operation.REFRESH, key::refresh);
        } catch (CallInterruptedException e) {
            throw e;
        } catch (KmsException e) {
            // The look was a favour: that no key matches is the better answer.
            LOG.debug("{} could not be read afresh: {}", key.uri(), e.code());
            failed = e;
        }
        failure = failed;
        ended++;
    }

    private static CallInterruptedException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "The look for newer versions of the master keys was interrupted.",
                "Another thread asked this one to stop, or its deadline passed.",
                "Repeat the call if it is still wanted.",
                cause);
    }
}
