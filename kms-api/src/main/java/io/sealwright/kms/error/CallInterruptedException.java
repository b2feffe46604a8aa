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

    /**
     * The error of a call that an interrupt ended and that left nothing behind; sets this thread's interrupt flag again. For
     * providers.
     *
     * @param call what was done, without secrets, as in {@code decrypt with vault-transit://…}
     * @param cause what lay behind it, if anything that may be shown
     */
    public static CallInterruptedException during(String call, @Nullable Throwable cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "The call was interrupted: " + call + ".",
                "Another thread asked this one to stop, or its deadline passed.",
                "Nothing is lost; repeat the call if it is still wanted.",
                cause);
    }
}
