package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.xipki.pkcs11.wrapper.PKCS11Module;

/**
 * A PKCS#11 library in this process. There is one state of it for the whole process, other users' sessions and logins
 * included, so there is one of these for each, it stays, and neither {@code C_Finalize} nor {@code C_Logout} is ever called.
 */
final class CryptokiModule {
    private static final Map<Object, CryptokiModule> LIBRARIES =
            new HashMap<>(); // by path or module; guarded by the class
    private static final byte[] SALT = new byte[32];

    static {
        new SecureRandom().nextBytes(SALT);
    }

    private final String name;
    private final @Nullable Path library;
    private final String arguments;
    private final ReentrantLock loading = new ReentrantLock();
    private final ReentrantLock loggingIn = new ReentrantLock();
    private final Map<String, Long> rejected = new ConcurrentHashMap<>(); // what the token said to a PIN
    private volatile @Nullable NativeCryptoki functions;

    private CryptokiModule(
            String name, @Nullable Path library, @Nullable String arguments, @Nullable NativeCryptoki functions) {
        this.name = name;
        this.library = library;
        this.arguments = arguments == null ? "" : arguments;
        this.functions = functions;
    }

    /** The library of that path; loads nothing yet. */
    static CryptokiModule of(Path path, @Nullable String arguments) {
        Path library;
        try {
            library = path.toRealPath();
        } catch (IOException e) {
            library = path.normalize();
        }
        synchronized (CryptokiModule.class) {
            CryptokiModule module = LIBRARIES.get(library);
            if (module == null) {
                module = new CryptokiModule(library.toString(), library, arguments, null);
                LIBRARIES.put(library, module);
            } else if (!module.arguments.equals(arguments == null ? "" : arguments)) {
                throw new ConfigurationException(
                        "The PKCS#11 library " + module.name + " is used with other arguments already.",
                        "A library is started once in a process.",
                        "Give the same arguments everywhere.");
            }
            return module;
        }
    }

    /** One that the program has loaded and started. */
    static CryptokiModule of(PKCS11Module ready) {
        synchronized (CryptokiModule.class) {
            return LIBRARIES.computeIfAbsent(
                    ready, same -> new CryptokiModule("given by the program", null, null, NativeCryptoki.of(ready)));
        }
    }

    /**
     * Its functions; the first call loads and starts it. Blocks.
     *
     * @throws UnavailableException if it cannot be loaded
     */
    NativeCryptoki functions(Deadline deadline) throws CryptokiException {
        NativeCryptoki there = functions;
        if (there != null) {
            return there;
        }
        lock(loading, "load", deadline);
        try {
            there = functions;
            if (there == null) {
                there = NativeCryptoki.load(Objects.requireNonNull(library), arguments);
                functions = there;
            }
            return there;
        } finally {
            loading.unlock();
        }
    }

    /** Starts it anew, after somebody in this process finalised it. A ready one is its owner's to start. */
    void restart(Deadline deadline) throws CryptokiException {
        NativeCryptoki there = functions;
        if (there == null || library == null) {
            return;
        }
        lock(loading, "start", deadline);
        try {
            there.initialize(arguments);
        } finally {
            loading.unlock();
        }
    }

    /**
     * Logs in, one at a time in the whole process, so that several threads do not spend several tries of a PIN. A PIN that
     * the token refused is never tried again in this process: a few wrong ones lock it.
     */
    void login(Cryptoki cryptoki, long session, TokenFacts token, Pin pin, Deadline deadline) throws CryptokiException {
        lock(loggingIn, "log in to", deadline);
        byte[] bytes = null;
        try {
            if (cryptoki.loggedIn(session)) {
                return;
            }
            bytes = pin.read();
            if (bytes == null && !token.hasOwnLogin()) {
                throw new CryptokiException("C_GetSessionInfo", ReturnCode.CKR_USER_NOT_LOGGED_IN.code());
            }
            demandTriable(token, bytes);
            cryptoki.login(session, bytes);
        } catch (CryptokiException e) {
            if (ReturnCode.CKR_USER_ALREADY_LOGGED_IN.is(e)) {
                return; // another part of the process was faster
            }
            boolean wrong = ReturnCode.CKR_PIN_INCORRECT.is(e)
                    || ReturnCode.CKR_PIN_INVALID.is(e)
                    || ReturnCode.CKR_PIN_LEN_RANGE.is(e);
            if (wrong && bytes != null) {
                rejected.put(trace(token, bytes), e.code());
            }
            throw e;
        } finally {
            if (bytes != null) {
                Arrays.fill(bytes, (byte) 0);
            }
            loggingIn.unlock();
        }
    }

    private void demandTriable(TokenFacts token, byte @Nullable [] pin) {
        Long refusal = pin == null ? null : rejected.get(trace(token, pin));
        if (refusal != null) {
            throw new UnavailableException(
                    "The login to the token " + token + " was not tried.",
                    "The token has refused this PIN before, by " + ReturnCode.shown(refusal) + ": "
                            + ReturnCode.cause(refusal) + " A few more tries would lock it.",
                    "Correct the PIN; if it is right now because the token was changed, restart this process.");
        }
        if (token.locked()) {
            throw new UnavailableException(
                    "The login to the token " + token + " was not tried.",
                    "The token says that its PIN is locked.",
                    ReturnCode.remedy(ReturnCode.CKR_PIN_LOCKED.code()));
        }
        if (token.finalTry()) {
            throw new UnavailableException(
                    "The login to the token " + token + " was not tried.",
                    "The token says that one more wrong PIN locks it.",
                    "Log in once with the token's own tool and the right PIN; that takes the warning back.");
        }
    }

    /** Tells PINs apart without keeping them. */
    private static String trace(TokenFacts token, byte[] pin) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(SALT);
            digest.update(pin);
            return token.serial() + ":" + token.label() + ":" + HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private void lock(ReentrantLock lock, String what, Deadline deadline) {
        try {
            if (lock.tryLock(deadline.nanosLeft(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new UnavailableException(
                "The token did not answer in time.",
                "Another thread is about to " + what + " the library " + name + ", and has not come back.",
                "Look at the token and at what connects to it; calls go on by themselves when it answers.");
    }

    @Override
    public String toString() {
        return name;
    }
}
