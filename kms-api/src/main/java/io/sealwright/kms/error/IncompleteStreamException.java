package io.sealwright.kms.error;

import org.jspecify.annotations.Nullable;

/** An encrypting stream or channel was closed before {@code finish()}: what it has written will not open. */
public final class IncompleteStreamException extends KmsException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the error. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     * @param cause what lay behind it, if anything
     */
    public IncompleteStreamException(String what, String why, String remedy, @Nullable Throwable cause) {
        super(ErrorCode.KMS_STREAM_INCOMPLETE, what, why, remedy, cause);
    }

    /**
     * Makes the error without a cause. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     */
    public IncompleteStreamException(String what, String why, String remedy) {
        this(what, why, remedy, null);
    }
}
