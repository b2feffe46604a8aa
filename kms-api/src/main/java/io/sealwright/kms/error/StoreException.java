package io.sealwright.kms.error;

import org.jspecify.annotations.Nullable;

/** The store of named keys is damaged, newer than this release, locked, full, or away. */
public final class StoreException extends KmsException {
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
    public StoreException(ErrorCode code, String what, String why, String remedy, @Nullable Throwable cause) {
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
    public StoreException(ErrorCode code, String what, String why, String remedy) {
        this(code, what, why, remedy, null);
    }
}
