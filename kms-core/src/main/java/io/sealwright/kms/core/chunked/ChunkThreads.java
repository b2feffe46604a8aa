package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.crypto.CipherPool;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What large messages of one manager share: helping threads, and the memory that rings of streams may take. Helpers are
 * a gift: an executor that refuses, drops or delays tasks costs speed and nothing else.
 */
public final class ChunkThreads implements AutoCloseable {
    /** What one large segment of a ring takes. */
    static final long SEGMENT_MEMORY = 4L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(ChunkThreads.class);
    private static final int MOST_SEGMENTS = 32;
    private static final long IDLE_SECONDS = 5;

    private static final long LEAST_SHARED_BYTES = 512 * 1024;
    /** Work of one core that is worth a wake-up; whether helpers come in time is learnt, see {@link #worthSharing}. */
    private static final float LEAST_SHARED_NANOS = 90_000;

    private static final float MOST_DELAY_NANOS = 12_000_000;
    private static final float DELAYS = 3;

    private final @Nullable Executor given;
    private final boolean warmUp;
    private final @Nullable Provider provider;
    private final int helpers;
    private final AtomicLong memory;
    private final CipherPool ciphers;
    // Estimates, shared without care: a lost or late update does no harm.
    private float nanosPerByte = 10;
    private float delayNanos = 50_000;
    private @Nullable ThreadPoolExecutor own; // guarded by this
    private boolean closed; // guarded by this

    /**
     * Makes it without starting a thread.
     *
     * @param given where helpers run, or null for daemon threads that start when needed and end when idle
     * @param warmUp whether the first large message has its code compiled in the background
     * @param provider where AES-GCM comes from, or null
     */
    public ChunkThreads(@Nullable Executor given, boolean warmUp, @Nullable Provider provider) {
        this(
                given,
                warmUp,
                provider,
                Runtime.getRuntime().availableProcessors() - 1,
                Runtime.getRuntime().maxMemory() / 3);
    }

    /** As the other, with the number of helpers and the memory of all rings together. */
    ChunkThreads(@Nullable Executor given, boolean warmUp, @Nullable Provider provider, int helpers, long memory) {
        this.given = given;
        this.warmUp = warmUp;
        this.provider = provider;
        this.helpers = helpers;
        this.memory = new AtomicLong(memory);
        this.ciphers = new CipherPool(4 * (helpers + 1), provider);
    }

    /** How many helpers one message may have; 0 with one processor. */
    int helpers() {
        return helpers;
    }

    /** A worker with a cipher on loan, to be closed. */
    ChunkedCipher worker(ChunkKeys keys) throws GeneralSecurityException {
        return keys.newWorker(ciphers);
    }

    /** The most segments of one ring: enough that helpers find work while the owner waits for its source or sink. */
    int ringSegments() {
        return Math.min(MOST_SEGMENTS, Math.max(8, 2 * (helpers + 1)));
    }

    /** Takes memory for a ring if there is some; to be given back. */
    boolean reserve(long bytes) {
        if (memory.addAndGet(-bytes) >= 0) {
            return true;
        }
        memory.addAndGet(bytes);
        return false;
    }

    void release(long bytes) {
        memory.addAndGet(bytes);
    }

    /** To be told of each message over 64 KiB. */
    void largeMessage() {
        if (warmUp) {
            WarmUp.begin(provider);
        }
    }

    // ---- whether to share a message in memory

    /**
     * Whether one core alone would take long enough that waking helpers pays: by what a byte took lately (much, while
     * the code is cold) and how late helpers came.
     */
    boolean worthSharing(long bytes) {
        if (helpers == 0 || bytes < LEAST_SHARED_BYTES) {
            return false;
        }
        if (bytes * nanosPerByte >= Math.max(LEAST_SHARED_NANOS, DELAYS * delayNanos)) {
            return true;
        }
        // Lateness may have been another's load: forget it slowly, so that sharing is tried again.
        delayNanos *= 0.98f;
        return false;
    }

    /** What one core took for so many bytes. */
    void took(long bytes, long nanos) {
        nanosPerByte += (Math.min(100f, (float) nanos / bytes) - nanosPerByte) / 4;
    }

    /** How late a helper began, or found that it was too late. */
    void helperCame(long nanos) {
        delayNanos += (Math.min(MOST_DELAY_NANOS, (float) nanos) - delayNanos) / 4;
    }

    /** Hands a task to a helper; false if none takes it. */
    boolean execute(Runnable task) {
        try {
            Executor executor = given != null ? given : own();
            if (executor == null) {
                return false;
            }
            executor.execute(task);
            return true;
        } catch (RuntimeException e) {
            // Refused as it may, or in its own way: an executor that was given may throw what it likes.
            LOG.debug("The executor took no task; the caller goes on alone", e);
            return false;
        } catch (OutOfMemoryError e) {
            // "Unable to create native thread": the caller does the work itself.
            LOG.debug("No thread for chunks could be started", e);
            return false;
        }
    }

    private synchronized @Nullable Executor own() {
        ThreadPoolExecutor pool = own;
        if (pool == null && !closed) {
            AtomicInteger number = new AtomicInteger();
            pool = new ThreadPoolExecutor(
                    helpers, helpers, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                        Thread thread = new Thread(task, "sealwright-chunks-" + number.incrementAndGet());
                        thread.setDaemon(true);
                        return thread;
                    });
            pool.allowCoreThreadTimeOut(true);
            own = pool;
        }
        return pool;
    }

    void helperFailed(Exception e) {
        LOG.debug("A helper gave up; the caller goes on alone", e);
    }

    /** Ends the helping threads once they have done what they are at; an executor that was given is left alone. */
    @Override
    public synchronized void close() {
        closed = true;
        ciphers.clear();
        if (own != null) {
            own.shutdown();
        }
    }
}
