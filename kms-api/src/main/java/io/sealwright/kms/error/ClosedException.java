package io.sealwright.kms.error;

import org.jspecify.annotations.Nullable;

/** The manager, or what it made (a sealer, an opener, a stream), was closed before the call. */
public final class ClosedException extends KmsException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the error. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     * @param cause what lay behind it, if anything
     */
    public ClosedException(String what, String why, String remedy, @Nullable Throwable cause) {
        super(ErrorCode.KMS_CLOSED, what, why, remedy, cause);
    }

    /**
     * Makes the error without a cause. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     */
    public ClosedException(String what, String why, String remedy) {
        this(what, why, remedy, null);
    }
}
