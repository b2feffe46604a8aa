package io.sealwright.kms.error;

import org.jspecify.annotations.Nullable;

/** The calling thread was interrupted while it waited for a key. Its interrupt flag is set again. */
public final class CallInterruptedException extends KmsException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the error. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     * @param cause what lay behind it, if anything
     */
    public CallInterruptedException(String what, String why, String remedy, @Nullable Throwable cause) {
        super(ErrorCode.KMS_INTERRUPTED, what, why, remedy, cause);
    }

    /**
     * Makes the error without a cause. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     */
    public CallInterruptedException(String what, String why, String remedy) {
        this(what, why, remedy, null);
    }
}
