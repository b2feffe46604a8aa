package io.sealwright.kms.error;

/**
 * Stable names of everything that can go wrong. A code never changes its meaning; new ones may be added. The table in
 * {@code docs/ERRORS.md} explains each, and a test keeps the two equal.
 */
public enum ErrorCode {
    /** The bytes are not a message of this library, or their lengths do not fit. */
    KMS_MESSAGE_MALFORMED(false),
    /** A message of a version that this release does not know. */
    KMS_VERSION_UNSUPPORTED(false),
    /** A suite that this release does not know or does not do for this operation. */
    KMS_SUITE_UNSUPPORTED(false),
    /** A critical extension, flag or form that this release does not know. */
    KMS_EXTENSION_UNSUPPORTED(false),
    /** A security level whose module is not there. */
    KMS_LEVEL_UNSUPPORTED(false),
    /** No configured key is among the message's recipients. */
    KMS_NO_MATCHING_RECIPIENT(false),
    /** The message's security level is not one the caller accepts. */
    KMS_LEVEL_REFUSED(false),
    /** The message's origin is not proven, and the caller did not accept that. */
    KMS_ORIGIN_REFUSED(false),
    /** The key's state (pre-active, deactivated, compromised, destroyed) does not allow the operation. */
    KMS_KEY_STATE_REFUSED(false),
    /** The operation is not allowed in this configuration: for example sealing with a decrypt-only manager. */
    KMS_OPERATION_REFUSED(false),
    /** The provider knows the caller and says no. */
    KMS_DENIED(false),
    /** A provider gave no usable answer within the deadline. */
    KMS_UNAVAILABLE(true),
    /** Too many provider calls are waiting. */
    KMS_OVERLOADED(true),
    /** Wrong key, wrong context, wrong associated data, or a changed message: deliberately one answer. */
    KMS_AUTHENTICATION_FAILED(false),
    /** A named key, a version of it, or a master key is not there. */
    KMS_KEY_NOT_FOUND(false),
    /** A named key, or a file to be made, is there already. */
    KMS_KEY_EXISTS(false),
    /** A key file cannot be read, is damaged, or is readable by everybody. */
    KMS_KEY_FILE(false),
    /** The store is damaged, or one of its rows was edited, moved or rolled back. */
    KMS_STORE_CORRUPT(false),
    /** The store was written by a newer release. */
    KMS_STORE_NEWER(false),
    /** The store is locked, full, or does not answer. */
    KMS_STORE_UNAVAILABLE(true),
    /** Another process changed the same key at the same moment, again and again. */
    KMS_STORE_CONFLICT(true),
    /** A setting is missing, malformed, or contradicts another. */
    KMS_CONFIGURATION(false),
    /** The manager, or something made by it, was closed. */
    KMS_CLOSED(false),
    /** The calling thread was interrupted while it waited; its interrupt flag is kept. */
    KMS_INTERRUPTED(true),
    /** An encrypting stream was closed before {@code finish()}; what it wrote will not open. */
    KMS_STREAM_INCOMPLETE(false);

    private final boolean retryable;

    ErrorCode(boolean retryable) {
        this.retryable = retryable;
    }

    /** Tells whether the same call may succeed later without anything being changed by the caller. */
    public boolean retryable() {
        return retryable;
    }
}
