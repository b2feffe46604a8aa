package io.sealwright.kms.core.lease;

import java.time.Duration;

/**
 * How long one entry in memory may serve. Its age counts from before the question whose answer it was, since that was
 * true then. Past its age it serves only after a check of its own found no answer, a little while for each such check,
 * and no longer than the window; then it fails closed. The window counts from the last success as well: from that of the
 * key that gave the entry, if that is itself something fetched, so that windows do not add up. The hot path asks {@link #serves} alone: one
 * volatile read. Times are on the scale of {@code TimeSource.nanoTime()}. Safe for concurrent use.
 */
public final class Lease {
    /** Between two checks of one entry. */
    public static final Duration PAUSE = Duration.ofSeconds(1);

    private final Terms terms;
    private volatile long confirmedAt;
    private volatile long windowFrom;
    private volatile long servesUntil;
    private volatile long refreshAt;
    private boolean checking; // guarded by this
    private volatile boolean ended;

    /** Begins with a success whose question was asked at {@code begun}. */
    public Lease(Terms terms, long begun) {
        this(terms, begun, begun);
    }

    /** As {@link #Lease(Terms, long)}, for what a key gave that was itself last confirmed at {@code windowFrom}. */
    public Lease(Terms terms, long begun, long windowFrom) {
        this.terms = terms;
        this.confirmedAt = begun;
        this.windowFrom = earlier(begun, windowFrom);
        this.servesUntil = earlier(begun + terms.maxAge(), this.windowFrom + terms.window());
        // As long before the end as ever, but a new one is not due at once.
        long last = servesUntil - begun - (terms.maxAge() - terms.refreshAfter());
        this.refreshAt = begun + Math.min(terms.refreshAfter(), Math.max(PAUSE.toNanos(), last));
    }

    /** The earlier of two times; the clock's zero means nothing, and it may overflow. */
    public static long earlier(long one, long other) {
        return one - other < 0 ? one : other;
    }

    /** Whether it may be used now. */
    public boolean serves(long now) {
        return now - servesUntil < 0;
    }

    /** Until when it may be used, if nothing happens before. */
    public long servesUntil() {
        return servesUntil;
    }

    /** As {@link #servesUntil()}, with another window. */
    public long servesUntil(long window) {
        return earlier(servesUntil, windowFrom + Math.max(terms.maxAge(), window));
    }

    /** Whether its age is over, so that it serves, if it does, for want of an answer. */
    public boolean pastAge(long now) {
        return now - confirmedAt - terms.maxAge() >= 0;
    }

    /** Whether it may still come to serve: the window is not over. What is not kept is to be wiped. */
    public boolean kept(long now) {
        return !ended && now - windowFrom - terms.window() < 0;
    }

    /** Whether a check is due. */
    public boolean due(long now) {
        return now - refreshAt >= 0;
    }

    /** When a check is due. */
    public long refreshAt() {
        return refreshAt;
    }

    /** Takes the right to check; true for one caller until it tells how the check ended. */
    public boolean beginCheck(long now) {
        if (!due(now)) {
            return false;
        }
        synchronized (this) {
            if (!due(now)) {
                return false;
            }
            refreshAt = now + PAUSE.toNanos(); // the hot path looks again then
            boolean mine = !checking && !ended;
            checking |= mine;
            return mine;
        }
    }

    /** A check gave the same again, with that lease. */
    public synchronized void confirmed(Lease again) {
        checking = false;
        if (ended) {
            return;
        }
        if (again.confirmedAt - confirmedAt > 0) {
            confirmedAt = again.confirmedAt;
            windowFrom = again.windowFrom;
            servesUntil = again.servesUntil;
            refreshAt = again.refreshAt;
        } else if (again.servesUntil - servesUntil > 0) { // from a key that serves for want of an answer
            servesUntil = earlier(again.servesUntil, windowFrom + terms.window());
            refreshAt = again.refreshAt;
        }
    }

    /**
     * A check found no answer.
     *
     * @return whether the entry serves nevertheless
     */
    public synchronized boolean unanswered(long now) {
        checking = false;
        if (ended) {
            return false;
        }
        long until = earlier(windowFrom + terms.window(), now + terms.recent());
        if (until - servesUntil > 0) {
            servesUntil = until;
        }
        refreshAt = now + PAUSE.toNanos();
        return serves(now);
    }

    /** A check failed otherwise: the entry serves to the end of its age, if nothing else happens. */
    public synchronized void undecided(long now) {
        checking = false;
        refreshAt = now + PAUSE.toNanos();
    }

    /** Ends it for good; whether it was not ended before. */
    public synchronized boolean end(long now) {
        boolean first = !ended;
        ended = true;
        servesUntil = now;
        refreshAt = now;
        return first;
    }

    /** Whether it was ended. */
    public boolean ended() {
        return ended;
    }

    @Override
    public String toString() {
        return "Lease[" + (ended ? "ended" : "until " + servesUntil) + "]";
    }
}
