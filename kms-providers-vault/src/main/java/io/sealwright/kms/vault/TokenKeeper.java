package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.JsonObject;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one token alive for all calls: a state machine with three states and one thread at a time that changes them.
 *
 * <table>
 * <caption>States</caption>
 * <tr><th>state</th><th>a call</th><th>goes over when</th></tr>
 * <tr><td>none</td><td>one thread logs in, the others wait for it, within their deadlines</td>
 *     <td>the login gave a token: live; it did not: paused</td></tr>
 * <tr><td>live</td><td>takes the token; nobody waits</td>
 *     <td>at two thirds of its life the background renews it, or logs in anew where it cannot be renewed; when it ended
 *     or is known dead: none</td></tr>
 * <tr><td>paused</td><td>fails at once with what the last login failed with</td>
 *     <td>the pause is over, or other credentials are there: none. It grows to ten seconds while the server refuses
 *     the credentials, and to one while there is no answer</td></tr>
 * </table>
 *
 * <p>Whoever waited for a login that failed takes its failure; so an outage, or a revoked token, makes one login for
 * however many calls. A token that ends, is revoked or unknown is no answer to any call: {@link UnavailableException}.
 */
final class TokenKeeper implements AutoCloseable {
    private static final long FIRST_PAUSE = Duration.ofMillis(250).toNanos();
    private static final long MOST_PAUSE_NO_ANSWER = Duration.ofSeconds(1).toNanos();
    private static final long MOST_PAUSE_REFUSED = Duration.ofSeconds(10).toNanos();

    private final VaultServer server;
    private final VaultAuth auth;
    private final TimeSource time;
    private final Renewals renewals;
    private final ReentrantLock changing = new ReentrantLock(); // held while logging in or renewing
    private final ReentrantLock verifying = new ReentrantLock(); // held while asking whether a token is alive

    private final AtomicReference<@Nullable Lease> lease = new AtomicReference<>(); // set under changing
    private @Nullable Failure failure; // guarded by changing
    private volatile boolean closed;

    TokenKeeper(VaultServer server, VaultAuth auth, TimeSource time) {
        this.server = server;
        this.auth = auth;
        this.time = time;
        this.renewals = new Renewals(this);
    }

    /**
     * A token that is believed to be alive.
     *
     * @throws UnavailableException if none can be had now
     */
    Lease current(Deadline deadline) {
        requireOpen();
        Lease there = lease.get();
        if (there != null && !there.ended(time.nanoTime())) {
            return there;
        }
        lock(changing, "wait for a login by " + auth, deadline);
        try {
            requireOpen();
            there = lease.get();
            long now = time.nanoTime();
            if (there != null && !there.ended(now)) {
                return there;
            }
            Failure before = failure;
            if (before != null && now - before.until < 0 && Arrays.equals(before.with, auth.fingerprint())) {
                throw before.again();
            }
            return logIn(deadline);
        } finally {
            changing.unlock();
        }
    }

    /**
     * Tells whether the server still knows the token that a call was denied with. One question serves all calls that
     * were denied before it was asked.
     *
     * @throws UnavailableException if it cannot be told
     */
    boolean alive(Lease denied, Deadline deadline) {
        long deniedAt = time.nanoTime();
        String what = "ask whether the token is alive";
        lock(verifying, what, deadline);
        try {
            Lease.Verdict known = denied.verdict;
            if (known != null && known.askedAt() - deniedAt >= 0) {
                return known.alive();
            }
            long askedAt = time.nanoTime();
            Answer answer = server.send(Request.get(what, "auth/token/lookup-self"), denied.token(), deadline);
            // Structured, or send would not have returned: 200 names the token, anything else does not know it.
            boolean alive = answer.status() == 200 && answer.data().object().get("id") != null;
            denied.verdict = new Lease.Verdict(askedAt, alive);
            return alive;
        } finally {
            verifying.unlock();
        }
    }

    /** Forgets a dead token, unless another has taken its place; the next call logs in. */
    void drop(Lease dead) {
        lease.compareAndSet(dead, null); // without the lock: whoever holds it may wait for the server
    }

    /**
     * Renews the token in the background, or replaces it; called when two thirds of its life are over.
     *
     * @param timeout of the whole attempt
     */
    void renew(Lease due, Duration timeout) {
        if (closed || lease.get() != due || !changing.tryLock()) {
            return; // whoever holds the lock puts another in its place
        }
        try {
            if (lease.get() == due && !renewed(due, Deadline.after(timeout))) {
                renewals.scheduleAgain(due, time.nanoTime());
            }
        } finally {
            changing.unlock();
        }
    }

    boolean closed() {
        return closed;
    }

    @Override
    public void close() {
        closed = true;
        renewals.close();
        lease.set(null);
    }

    /** Caller holds {@link #changing}. */
    private boolean renewed(Lease due, Deadline deadline) {
        try {
            if (due.renewable()) {
                long now = time.nanoTime();
                Request request = Request.post("renew the token", "auth/token/renew-self", new JsonObject());
                Answer answer = server.send(request, due.token(), deadline);
                if (answer.status() == 200) {
                    Lease longer = lease(answer, now);
                    // Near its greatest age a token lives on for what is left of it only: better a new one.
                    if (auth.tokenOnly() || longer.ttlNanos() * 2 >= due.ttlNanos()) {
                        take(longer);
                        return true;
                    }
                }
            }
            logIn(deadline);
            return true;
        } catch (KmsException e) {
            return false; // the token that is there lives on; calls learn what is wrong when it ends
        }
    }

    /** Caller holds {@link #changing}. */
    private Lease logIn(Deadline deadline) {
        boolean refused = false;
        try {
            long now = time.nanoTime();
            Lease fresh;
            if (auth.tokenOnly()) {
                String token = auth.readToken();
                Answer answer =
                        server.send(Request.get("look the token up", "auth/token/lookup-self"), token, deadline);
                refused = !answer.ok();
                Answer.Part data = accepted(answer).data();
                fresh = new Lease(token, data.flag("renewable"), seconds(data.number("ttl")), now);
            } else {
                Answer answer = server.send(auth.login(), null, deadline);
                refused = !answer.ok();
                fresh = lease(accepted(answer), now);
            }
            take(fresh);
            return fresh;
        } catch (UnavailableException e) {
            long most = refused ? MOST_PAUSE_REFUSED : MOST_PAUSE_NO_ANSWER;
            failure = Failure.of(e, auth.fingerprint(), failure, most, time.nanoTime());
            throw e;
        }
    }

    private void take(Lease fresh) {
        lease.set(fresh);
        failure = null;
        renewals.schedule(fresh);
        if (closed) {
            lease.set(null); // close() came while the server was asked, and found none to drop
        }
    }

    /** The token that it holds; null if none. Asks nobody. */
    @Nullable
    Lease held() {
        return lease.get();
    }

    private static Lease lease(Answer answer, long now) {
        Answer.Part part = answer.part("auth");
        return new Lease(
                part.visible("client_token"), part.flag("renewable"), seconds(part.number("lease_duration")), now);
    }

    private static long seconds(long seconds) {
        return TimeUnit.SECONDS.toNanos(Math.min(Math.max(0, seconds), 10L * 365 * 24 * 3600));
    }

    private Answer accepted(Answer answer) {
        if (answer.ok()) {
            return answer;
        }
        throw new UnavailableException(
                "The server does not accept the credentials (" + auth + ").",
                "They are wrong, expired, revoked, or not meant for this namespace (HTTP " + answer.status()
                        + answer.told() + ").",
                "Give new ones; those from a file are read again by themselves.");
    }

    private static void lock(ReentrantLock lock, String what, Deadline deadline) {
        try {
            if (lock.tryLock(deadline.nanosLeft(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            throw CallInterruptedException.during(what, e);
        }
        throw new UnavailableException(
                "No answer within " + deadline.whole().toMillis() + " ms: " + what + ".",
                "Another call asks the server, and has no answer either.",
                "Repeat the call; check the server and the network.");
    }

    private void requireOpen() {
        if (closed) {
            throw new ClosedException(
                    "The session with the server is closed.",
                    "Every key that used it was closed.",
                    "Open a new KeyManager, or keep the old one open until the last call has ended.");
        }
    }

    /** What the newest login failed with, with which credentials, and until when nobody tries again with the same. */
    private record Failure(UnavailableException error, byte[] with, long until, long pause) {
        static Failure of(UnavailableException error, byte[] with, @Nullable Failure before, long mostPause, long now) {
            long pause = before != null && Arrays.equals(before.with, with)
                    ? Math.min(before.pause * 2, mostPause)
                    : FIRST_PAUSE;
            // A little apart, so that many processes do not come back in one moment.
            return new Failure(
                    error, with, now + pause - ThreadLocalRandom.current().nextLong(pause / 5), pause);
        }

        UnavailableException again() {
            return new UnavailableException(error.what(), error.why(), error.remedy(), error.getCause());
        }
    }
}
