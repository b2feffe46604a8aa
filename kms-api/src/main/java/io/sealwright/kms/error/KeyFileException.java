package io.sealwright.kms.error;

import org.jspecify.annotations.Nullable;

/** A key file cannot be read, is damaged, or is readable by everybody. */
public final class KeyFileException extends KmsException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the error. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     * @param cause what lay behind it, if anything
     */
    public KeyFileException(String what, String why, String remedy, @Nullable Throwable cause) {
        super(ErrorCode.KMS_KEY_FILE, what, why, remedy, cause);
    }

    /**
     * Makes the error without a cause. Each text is one sentence, without secrets.
     *
     * @param what what happened
     * @param why why it happened
     * @param remedy what to do about it
     */
    public KeyFileException(String what, String why, String remedy) {
        this(what, why, remedy, null);
    }
}
