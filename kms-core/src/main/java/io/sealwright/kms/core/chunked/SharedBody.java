package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import java.security.GeneralSecurityException;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * One large body in memory, done in parts by its caller and by helpers. A part that a helper gave up is done again by
 * the caller; when {@link #run} returns or throws, no helper touches the arrays any more.
 */
final class SharedBody {
    /** Some 20 us of work: short to wait for at the end, long against the lock. */
    private static final int PART_CHUNKS = 8;

    /** What one part is: seals or opens chunks in the caller's arrays. */
    interface Work {
        /** {@code last} if the body ends in it. */
        void part(ChunkedCipher worker, long firstChunk, int chunks, boolean last) throws GeneralSecurityException;
    }

    private final ChunkKeys keys;
    private final ChunkThreads threads;
    private final long chunks;
    private final long submitted = System.nanoTime();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Work work; // guarded by lock; dropped at the end, as a late helper may keep this object
    private long next; // guarded by lock
    private int busy; // guarded by lock
    private boolean refused; // guarded by lock
    private final ArrayDeque<Long> givenUp = new ArrayDeque<>(); // guarded by lock

    SharedBody(ChunkKeys keys, ChunkThreads threads, long chunks, Work work) {
        this.keys = keys;
        this.threads = threads;
        this.chunks = chunks;
        this.work = work;
    }

    /**
     * Does the whole body; how many chunks of it the caller itself did.
     *
     * @throws AEADBadTagException if a part does not open; parts that did open stand in the output then
     */
    long run() throws GeneralSecurityException {
        long parts = (chunks + PART_CHUNKS - 1) / PART_CHUNKS;
        for (int i = 0; i < threads.helpers() && i + 1 < parts; i++) {
            if (!threads.execute(this::help)) {
                break;
            }
        }
        long mine = 0;
        long part = -1;
        try (ChunkedCipher worker = threads.worker(keys)) {
            while ((part = claim(true)) >= 0) {
                perform(worker, part);
                part = -1;
                mine += PART_CHUNKS;
            }
        } finally {
            if (part >= 0) {
                over(false, part);
            }
            leave();
        }
        if (isRefused()) {
            throw new AEADBadTagException("A chunk is not what was sealed.");
        }
        return Math.min(mine, chunks);
    }

    /** The next part's first chunk, or -1. The caller waits for parts that a helper may still give up. */
    private long claim(boolean caller) {
        lock.lock();
        try {
            while (!refused) {
                Long again = caller ? givenUp.poll() : null;
                if (again != null || next < chunks) {
                    long part = again != null ? again : next;
                    next += again != null ? 0 : PART_CHUNKS;
                    busy++;
                    return part;
                }
                if (!caller || busy == 0) {
                    break;
                }
                changed.awaitUninterruptibly();
            }
            return -1;
        } finally {
            lock.unlock();
        }
    }

    /** Does a part and says so; if it throws, the part is not done. */
    private void perform(ChunkedCipher worker, long part) throws GeneralSecurityException {
        int count = (int) Math.min(PART_CHUNKS, chunks - part);
        boolean bad = false;
        try {
            present().part(worker, part, count, part + count == chunks);
        } catch (AEADBadTagException e) {
            bad = true;
        }
        over(bad, -1);
    }

    private Work present() {
        lock.lock();
        try {
            if (work == null) {
                throw new IllegalStateException("the body is done");
            }
            return work;
        } finally {
            lock.unlock();
        }
    }

    private void help() {
        ChunkedCipher worker = null;
        threads.helperCame(System.nanoTime() - submitted);
        long part = claim(false);
        try {
            while (part >= 0) {
                if (worker == null) {
                    worker = threads.worker(keys);
                }
                perform(worker, part);
                part = -1;
                part = claim(false);
            }
        } catch (GeneralSecurityException | RuntimeException e) {
            threads.helperFailed(e);
        } finally {
            if (part >= 0) {
                over(false, part);
            }
            if (worker != null) {
                worker.close();
            }
        }
    }

    private void over(boolean bad, long givenUpPart) {
        lock.lock();
        try {
            busy--;
            refused |= bad;
            if (givenUpPart >= 0) {
                givenUp.add(givenUpPart);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isRefused() {
        lock.lock();
        try {
            return refused;
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more parts and waits for those under way. An interrupt changes nothing, and its flag is kept. */
    private void leave() {
        lock.lock();
        try {
            next = chunks;
            while (busy > 0) {
                changed.awaitUninterruptibly();
            }
            work = null;
        } finally {
            lock.unlock();
        }
    }
}
