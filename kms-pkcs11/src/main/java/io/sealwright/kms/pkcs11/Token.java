package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One token as one key sees it: finds its slot, logs in, and keeps a bounded number of sessions, each used by one call at
 * a time. Whatever says that a session, a login or a slot is no longer what it was makes the session go, and the call is
 * made again with a new one: it was refused before it did anything. Safe for concurrent use.
 */
final class Token {
    /** A session that did nothing for so long is looked at before it is used. */
    private static final long LOOK_AFTER_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** One may find its session dead, the next its slot, the third is on firm ground. */
    private static final int MOST_ATTEMPTS = 3;

    private static final Duration CLOSING = Duration.ofSeconds(2);

    /** What is done in a session. */
    interface Operation<T> {
        T run(Cryptoki cryptoki, long session) throws CryptokiException;
    }

    /** A session that waits for its next use. */
    private record Idle(long session, long era, long since) {}

    private final CryptokiModule module;
    private final Pkcs11Uri address;
    private final Pin pin;
    private final Duration timeout;
    private final NativeCalls calls;
    private final AtomicLong era = new AtomicLong();
    private final Deque<Idle> idle = new ArrayDeque<>(); // guarded by itself
    private boolean closed; // guarded by idle
    private volatile long slot = -1;

    Token(Pkcs11Options options, Pkcs11Uri address, Duration timeout) {
        this.module = options.module();
        this.address = address;
        this.pin = options.pin().copy();
        this.timeout = timeout;
        this.calls = new NativeCalls(options.sessions());
    }

    /**
     * Changes when sessions, login or slot turned out to be lost, and with them the handles of keys: what was seen in
     * another era is looked up again.
     */
    long era() {
        return era.get();
    }

    /**
     * Does the operation in a session with the user logged in, on a thread of its own.
     *
     * @param lost takes what it gave when the caller has given up waiting
     * @throws UnavailableException if the token did not do it, or not in time
     * @throws PermissionDeniedException if the token says that its policy forbids it
     */
    <T> T call(String what, Operation<T> operation, Consumer<T> lost) {
        synchronized (idle) {
            if (closed) {
                throw NativeCalls.closed(null);
            }
        }
        try {
            return calls.call(what, Deadline.after(timeout), deadline -> inSession(operation, deadline), lost);
        } catch (CryptokiException e) {
            throw told(what, e);
        }
    }

    /** What a return code means to the engine, with its name and its likely cause. */
    static RuntimeException told(String what, CryptokiException e) {
        if (ReturnCode.CKR_ACTION_PROHIBITED.is(e) || ReturnCode.CKR_FUNCTION_REJECTED.is(e)) {
            return new PermissionDeniedException(
                    "The token denies it: " + what + ".",
                    e.getMessage() + ": " + ReturnCode.cause(e.code()),
                    ReturnCode.remedy(e.code()),
                    e);
        }
        return new UnavailableException(
                "The token gave no usable answer: " + what + ".",
                e.getMessage() + ": " + ReturnCode.cause(e.code()),
                ReturnCode.remedy(e.code()),
                e);
    }

    private <T> T inSession(Operation<T> operation, Deadline deadline) throws CryptokiException {
        for (int attempt = 1; ; attempt++) {
            long session = -1;
            boolean sound = false;
            long begun = era.get();
            Cryptoki cryptoki = module.functions(deadline);
            try {
                session = take(cryptoki, deadline);
                T result = operation.run(cryptoki, session);
                sound = true;
                return result;
            } catch (CryptokiException e) {
                if (!isLost(e)) {
                    throw e;
                }
                forget(e, begun, deadline);
                if (attempt == MOST_ATTEMPTS || deadline.passed()) {
                    throw e;
                }
            } catch (KmsException e) {
                sound = !(e instanceof UnavailableException); // the token has answered
                throw e;
            } finally {
                if (session >= 0) {
                    giveBack(cryptoki, session, begun, sound);
                }
            }
        }
    }

    /** Codes that tell of a session, a login, a handle or a slot that is no longer what it was; nothing was done. */
    static boolean isLost(CryptokiException e) {
        return ReturnCode.CKR_SESSION_HANDLE_INVALID.is(e)
                || ReturnCode.CKR_SESSION_CLOSED.is(e)
                || ReturnCode.CKR_KEY_HANDLE_INVALID.is(e)
                || ReturnCode.CKR_OBJECT_HANDLE_INVALID.is(e)
                || ReturnCode.CKR_USER_NOT_LOGGED_IN.is(e)
                || ReturnCode.CKR_OPERATION_ACTIVE.is(e)
                || ReturnCode.CKR_OPERATION_NOT_INITIALIZED.is(e)
                || isSlotLost(e)
                || ReturnCode.CKR_CRYPTOKI_NOT_INITIALIZED.is(e);
    }

    private static boolean isSlotLost(CryptokiException e) {
        return ReturnCode.CKR_DEVICE_REMOVED.is(e)
                || ReturnCode.CKR_TOKEN_NOT_PRESENT.is(e)
                || ReturnCode.CKR_TOKEN_NOT_RECOGNIZED.is(e)
                || ReturnCode.CKR_SLOT_ID_INVALID.is(e);
    }

    private void forget(CryptokiException e, long begun, Deadline deadline) throws CryptokiException {
        boolean unused = era.compareAndSet(begun, begun + 1); // else another call has noticed
        if (isSlotLost(e)) {
            slot = -1;
        }
        if (ReturnCode.CKR_CRYPTOKI_NOT_INITIALIZED.is(e)) {
            module.restart(deadline);
        }
    }

    /** A session of this call's own, in which the user is logged in if the token wants that. */
    private long take(Cryptoki cryptoki, Deadline deadline) throws CryptokiException {
        for (Idle next = poll(); next != null; next = poll()) {
            boolean trusted = next.era() == era.get() && System.nanoTime() - next.since() < LOOK_AFTER_NANOS;
            if (trusted || isAlive(cryptoki, next.session(), deadline)) {
                return next.session();
            }
            closeQuietly(cryptoki, next.session());
        }
        long session = cryptoki.openSession(slot(cryptoki, deadline), false);
        boolean ready = false;
        try {
            logIn(cryptoki, session, deadline);
            ready = true;
            return session;
        } finally {
            if (!ready) {
                closeQuietly(cryptoki, session);
            }
        }
    }

    /** What else fails here fails again for the session that is opened instead, and is told then. */
    private boolean isAlive(Cryptoki cryptoki, long session, Deadline deadline) {
        try {
            long unused = slot(cryptoki, deadline); // another call may have found it gone
            logIn(cryptoki, session, deadline);
            return true;
        } catch (CryptokiException | UnavailableException e) {
            return false;
        }
    }

    private void logIn(Cryptoki cryptoki, long session, Deadline deadline) throws CryptokiException {
        if (cryptoki.loggedIn(session)) {
            return;
        }
        TokenFacts facts = cryptoki.token(slot(cryptoki, deadline));
        if (facts.loginRequired()) {
            module.login(cryptoki, session, facts, pin, deadline);
        }
    }

    private @Nullable Idle poll() {
        synchronized (idle) {
            return idle.pollLast(); // the one used last: the others may be closed by the token for want of use
        }
    }

    private void giveBack(Cryptoki cryptoki, long session, long begun, boolean sound) {
        if (sound) {
            synchronized (idle) {
                if (!closed) {
                    idle.addLast(new Idle(session, begun, System.nanoTime()));
                    return;
                }
            }
        }
        closeQuietly(cryptoki, session);
    }

    private static void closeQuietly(Cryptoki cryptoki, long session) {
        try {
            cryptoki.closeSession(session);
        } catch (CryptokiException e) {
            // It was gone already, or goes with the token.
        }
    }

    private long slot(Cryptoki cryptoki, Deadline deadline) throws CryptokiException {
        long known = slot;
        if (known < 0) {
            long[] slots = cryptoki.slots();
            if (slots.length == 0) {
                // NSS has none, and no error, after somebody finalised it.
                module.restart(deadline);
                slots = cryptoki.slots();
            }
            known = locate(cryptoki, slots);
            slot = known;
        }
        return known;
    }

    /** The slot of a call that has a session already. */
    private long slot() throws CryptokiException {
        long known = slot;
        if (known < 0) {
            throw new CryptokiException("C_GetSlotList", ReturnCode.CKR_TOKEN_NOT_PRESENT.code());
        }
        return known;
    }

    private long locate(Cryptoki cryptoki, long[] slots) throws CryptokiException {
        List<Long> found = new ArrayList<>();
        List<String> others = new ArrayList<>();
        CryptokiException failed = null;
        for (long candidate : slots) {
            try {
                TokenFacts facts = cryptoki.token(candidate);
                if (address.matches(facts)) {
                    found.add(candidate);
                } else if (!facts.label().isBlank()) {
                    others.add(facts.toString());
                }
            } catch (CryptokiException e) {
                failed = e;
            }
        }
        if (found.size() > 1) {
            throw new ConfigurationException(
                    "The master key " + address + " stands on " + found.size() + " tokens.",
                    "They have the same label.",
                    "Add ';serial=' and one's serial number to the URI.");
        }
        if (!found.isEmpty()) {
            return found.get(0);
        }
        if (failed != null) {
            throw failed; // the one that does not say who it is may be ours
        }
        throw new UnavailableException(
                "The token of " + address + " is not there.",
                others.isEmpty()
                        ? "The library " + module + " sees no token."
                        : "The library " + module + " sees " + String.join(", ", others) + ".",
                "Connect it, or correct its label; it is used by itself when it is there.");
    }

    /**
     * Tells whether what the token just said can be believed: it is there, the one that is meant, and the user is logged
     * in. A library may find no key, and call that a success, when the files of its token were taken away.
     *
     * @throws CryptokiException if it is not
     */
    void confirm(Cryptoki cryptoki, long session) throws CryptokiException {
        TokenFacts facts = cryptoki.token(slot());
        if (!address.matches(facts)) {
            throw new CryptokiException("C_GetTokenInfo", ReturnCode.CKR_TOKEN_NOT_PRESENT.code());
        }
        if (facts.loginRequired() && !cryptoki.loggedIn(session)) {
            throw new CryptokiException("C_GetSessionInfo", ReturnCode.CKR_USER_NOT_LOGGED_IN.code());
        }
    }

    /** Opens a session of its own in which keys can be made, beside the given one. */
    <T> T writing(Cryptoki cryptoki, Operation<T> operation) throws CryptokiException {
        long session = cryptoki.openSession(slot(), true);
        try {
            return operation.run(cryptoki, session);
        } finally {
            closeQuietly(cryptoki, session);
        }
    }

    /** What the token says of itself. */
    TokenFacts facts(Cryptoki cryptoki) throws CryptokiException {
        return cryptoki.token(slot());
    }

    /** Closes the sessions, wipes the PIN. Waits two seconds at most for a token that hangs. */
    void close() {
        synchronized (idle) {
            if (closed) {
                return;
            }
            closed = true;
        }
        calls.close(this::closeIdle, CLOSING);
        pin.close();
    }

    private void closeIdle() {
        try {
            Cryptoki cryptoki = module.functions(Deadline.after(CLOSING));
            for (Idle next = poll(); next != null; next = poll()) {
                closeQuietly(cryptoki, next.session());
            }
        } catch (CryptokiException | UnavailableException e) {
            // Never loaded: there are none.
        }
    }
}
