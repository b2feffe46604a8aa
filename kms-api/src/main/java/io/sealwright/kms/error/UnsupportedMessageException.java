package io.sealwright.kms.error;

import org.jspecify.annotations.Nullable;

/** A version, suite, critical extension or level that this release does not know or has no module for. */
public final class UnsupportedMessageException extends KmsException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the error. Each text is one sentence, without secrets.
     *
     * @param code which of this type's codes
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     * @param cause what lay behind it, if anything
     */
    public UnsupportedMessageException(
            ErrorCode code, String what, String why, String remedy, @Nullable Throwable cause) {
        super(code, what, why, remedy, cause);
    }

    /**
     * Makes the error without a cause. Each text is one sentence, without secrets.
     *
     * @param code which of this type's codes
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     */
    public UnsupportedMessageException(ErrorCode code, String what, String why, String remedy) {
        this(code, what, why, remedy, null);
    }
}
