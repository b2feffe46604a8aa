package io.sealwright.kms.error;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The family of everything this library throws on bad input, bad keys and bad weather; wrong arguments in the
 * programmer's code are {@link IllegalArgumentException}, {@link IllegalStateException} or {@link NullPointerException}
 * as everywhere in Java. No message of any of them holds key bytes, plaintext, tokens or passwords.
 */
public abstract sealed class KmsException extends RuntimeException
        permits AuthenticationFailedException,
                CallInterruptedException,
                ClosedException,
                ConfigurationException,
                IncompleteStreamException,
                KeyExistsException,
                KeyFileException,
                KeyNotFoundException,
                MalformedMessageException,
                NoMatchingRecipientException,
                OverloadedException,
                PermissionDeniedException,
                RefusedException,
                StoreException,
                UnavailableException,
                UnsupportedMessageException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String what;
    private final String why;
    private final String remedy;

    KmsException(ErrorCode code, String what, String why, String remedy, @Nullable Throwable cause) {
        super(what + " " + why + " " + remedy + " [" + code + "]", cause);
        this.code = Objects.requireNonNull(code, "code");
        this.what = what;
        this.why = why;
        this.remedy = remedy;
    }

    /** The stable code. */
    public final ErrorCode code() {
        return code;
    }

    /** What happened: one sentence. */
    public final String what() {
        return what;
    }

    /** Why it happened, as far as the library knows: one sentence. */
    public final String why() {
        return why;
    }

    /** What to do about it: one sentence. */
    public final String remedy() {
        return remedy;
    }

    /** Tells whether the same call may succeed later without anything being changed by the caller. */
    public final boolean retryable() {
        return code.retryable();
    }
}
