package io.sealwright.kms.error;

import org.jspecify.annotations.Nullable;

/** An invariant of this library was broken: a defect of ours, never of the caller or the data. Please report it. */
public final class KmsBugException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the error.
     *
     * @param message which invariant, without secrets
     * @param cause what showed it, if anything
     */
    public KmsBugException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
