package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.chunked.Segment.State;
import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.crypto.GcmCipher;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.KmsBugException;
import java.security.GeneralSecurityException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The segments of one message under way: filled by the owner, sealed or opened by whoever is free, handed back in order.
 *
 * <p>It begins small and alone: one chunk, then four, done by the owner at once. When the message proves long it grows to
 * a ring of large segments, as far as memory and cores allow, and helpers from the executor take part. Nothing depends
 * on them: what no helper has taken the owner does itself, and what a helper took and gave up (any failure but a wrong
 * tag) the owner does again; the same plaintext under the same nonce gives the same bytes. The owner waits only for a
 * segment that a helper is computing at that moment. All methods but the helpers' are the owner's.
 */
final class Ring implements AutoCloseable {
    /**
     * Some 2 MiB: what two cores hand to each other comes cheaper out of the cache they share than out of the other's own,
     * so a segment is to be too large for that. 127 and not 128: with its object's header an array of 2 MiB takes three of
     * G1's regions in a small heap.
     */
    static final int LARGE_CHUNKS = 127;

    private static final int SMALL_CHUNKS = 4;

    /**
     * How long a helper without work stays awake: two segments' time. To wake one that sleeps costs the owner up to 0.3 ms
     * on a virtual machine, which is longer than to seal the segment.
     */
    private static final long LINGER_NANOS = 500_000;

    private final ChunkKeys keys;
    private final boolean seals;
    private final ChunkThreads threads;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Segment> ready = new ArrayDeque<>(); // guarded by lock
    private int helpers; // guarded by lock
    private boolean closed; // guarded by lock
    private final AtomicInteger news = new AtomicInteger(); // something came, or nothing will come any more

    // The owner's alone.
    private final ArrayDeque<Segment> inOrder = new ArrayDeque<>();
    private final ArrayDeque<Segment> free = new ArrayDeque<>();
    private final List<Segment> all = new ArrayList<>();
    private @Nullable ChunkedCipher worker;
    private int segmentChunks = 1;
    private int most = 1;
    private long nextChunk;
    private int reserved;

    Ring(ChunkKeys keys, boolean seals, ChunkThreads threads) {
        this.keys = keys;
        this.seals = seals;
        this.threads = threads;
    }

    /** Whether a segment could be had. */
    boolean hasRoom() {
        return !free.isEmpty() || all.size() < most;
    }

    /** How many segments were submitted and not yet taken back. */
    int outstanding() {
        return inOrder.size();
    }

    /** An empty segment, or null if all are under way. */
    @Nullable
    Segment obtain() {
        if (inOrder.isEmpty() && free.size() == all.size()) {
            grow();
        }
        Segment segment = free.poll();
        if (segment == null && all.size() < most) {
            if (segmentChunks == LARGE_CHUNKS && !all.isEmpty()) {
                if (!threads.reserve(ChunkThreads.SEGMENT_MEMORY)) {
                    most = all.size();
                    return null;
                }
                reserved++;
            }
            int plain = segmentChunks * ChunkedCipher.CHUNK_BYTES;
            int sealed = segmentChunks * ChunkedCipher.SEALED_CHUNK_BYTES;
            // A sealed segment that ends the message has one chunk more, which may be empty.
            segment = seals ? new Segment(plain, sealed + GcmCipher.TAG_BYTES) : new Segment(sealed, plain);
            all.add(segment);
        }
        return segment;
    }

    /** Larger segments, once the message has proved longer; all segments are free. */
    private void grow() {
        int wanted = segmentChunks;
        if (nextChunk >= Integer.getInteger("lg", 127) && threads.helpers() > 0) {
            wanted = LARGE_CHUNKS;
        } else if (nextChunk > 0) {
            wanted = SMALL_CHUNKS;
        }
        if (wanted <= segmentChunks) {
            return;
        }
        if (wanted == LARGE_CHUNKS) {
            if (!threads.reserve(ChunkThreads.SEGMENT_MEMORY)) {
                return;
            }
            reserved++;
            most = threads.ringSegments();
        }
        segmentChunks = wanted;
        free.clear();
        all.forEach(Segment::wipe);
        all.clear();
    }

    /** Whether segments are large and helpers may take part. */
    boolean isShared() {
        return segmentChunks == LARGE_CHUNKS;
    }

    /** Puts a filled segment in line: whole chunks, unless it is the last. */
    void submit(Segment segment) {
        segment.firstChunk = nextChunk;
        nextChunk += segment.length / (seals ? ChunkedCipher.CHUNK_BYTES : ChunkedCipher.SEALED_CHUNK_BYTES);
        if (nextChunk > SMALL_CHUNKS) {
            threads.largeMessage();
        }
        inOrder.add(segment);
        boolean help = false;
        lock.lock();
        try {
            segment.state = State.READY;
            ready.add(segment);
            news.incrementAndGet();
            // The owner does one of those that are ready itself.
            if (isShared() && helpers < threads.helpers() && helpers < ready.size()) {
                helpers++;
                help = true;
            }
        } finally {
            lock.unlock();
        }
        Thread owner = Thread.currentThread();
        if (help && !threads.execute(() -> help(owner))) {
            lock.lock();
            try {
                helpers--;
            } finally {
                lock.unlock();
            }
        }
    }

    /** The first in line if it is done, else null. */
    @Nullable
    Segment headIfDone() {
        Segment head = inOrder.peek();
        if (head == null) {
            return null;
        }
        lock.lock();
        try {
            if (head.state != State.DONE && head.state != State.REFUSED) {
                return null;
            }
        } finally {
            lock.unlock();
        }
        return taken(inOrder.remove());
    }

    /**
     * The first in line, done; the caller works until it is.
     *
     * @throws AuthenticationFailedException if it does not open
     */
    Segment head() {
        Segment head = inOrder.remove();
        while (true) {
            Segment mine;
            lock.lock();
            try {
                if (head.state == State.DONE || head.state == State.REFUSED) {
                    break;
                }
                mine = ready.remove(head) ? head : ready.poll();
                if (mine == null) {
                    // A helper computes it at this moment. An interrupt changes nothing, and the flag is kept.
                    changed.awaitUninterruptibly();
                    continue;
                }
                mine.state = State.BUSY;
            } finally {
                lock.unlock();
            }
            work(mine);
        }
        return taken(head);
    }

    private static Segment taken(Segment segment) {
        if (segment.state == State.REFUSED) {
            throw new AuthenticationFailedException();
        }
        return segment;
    }

    /** Takes a segment back whose result was used. */
    void release(Segment segment) {
        segment.reset();
        free.push(segment);
    }

    private ChunkedCipher own() throws GeneralSecurityException {
        ChunkedCipher mine = worker;
        if (mine == null) {
            mine = threads.worker(keys);
            worker = mine;
        }
        return mine;
    }

    private void work(Segment segment) {
        State outcome = State.FREE; // should it fail: nobody is to wait for it
        try {
            outcome = ChunkSpan.run(own(), seals, segment) ? State.DONE : State.REFUSED;
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider failed to " + (seals ? "seal" : "open"), e);
        } finally {
            finished(segment, outcome);
        }
    }

    private void finished(Segment segment, State state) {
        lock.lock();
        try {
            segment.state = state;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What a helper runs: segment after segment while there are any. */
    private void help(Thread owner) {
        // An executor may run tasks in its caller, who would wait for itself.
        long patience = Thread.currentThread() == owner ? 0 : LINGER_NANOS;
        ChunkedCipher cipher = null;
        Segment segment = null;
        try {
            while ((segment = claim(patience)) != null) {
                if (cipher == null) {
                    cipher = threads.worker(keys);
                }
                finished(segment, ChunkSpan.run(cipher, seals, segment) ? State.DONE : State.REFUSED);
                segment = null;
            }
        } catch (GeneralSecurityException | RuntimeException e) {
            threads.helperFailed(e);
        } finally {
            if (segment != null) {
                giveUp(segment);
            }
            if (cipher != null) {
                cipher.close();
            }
        }
    }

    /** The next segment for a helper, which waits that long for one; null ends it. */
    private @Nullable Segment claim(long patience) {
        long from = patience == 0 ? 0 : System.nanoTime();
        while (true) {
            int seen = news.get();
            boolean late = patience == 0 || System.nanoTime() - from >= patience;
            lock.lock();
            try {
                Segment next = closed ? null : ready.peek();
                if (next != null && !next.ownerOnly) {
                    ready.remove();
                    next.state = State.BUSY;
                    return next;
                }
                if (late || closed || next != null) {
                    helpers--;
                    return null;
                }
            } finally {
                lock.unlock();
            }
            while (news.get() == seen && System.nanoTime() - from < patience) {
                Thread.onSpinWait();
            }
        }
    }

    /** A helper failed at it: the owner does it, and meets the reason if it is one that lasts. */
    private void giveUp(Segment segment) {
        lock.lock();
        try {
            segment.ownerOnly = true;
            segment.state = State.READY;
            ready.addFirst(segment);
            helpers--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for helpers to leave, then wipes everything. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            news.incrementAndGet();
            ready.clear();
            for (Segment segment : all) {
                while (segment.state == State.BUSY) {
                    changed.awaitUninterruptibly();
                }
            }
        } finally {
            lock.unlock();
        }
        keys.close();
        if (worker != null) {
            worker.close();
            worker = null;
        }
        all.forEach(Segment::wipe);
        all.clear();
        free.clear();
        inOrder.clear();
        most = 0;
        threads.release((long) reserved * ChunkThreads.SEGMENT_MEMORY);
        reserved = 0;
    }
}
