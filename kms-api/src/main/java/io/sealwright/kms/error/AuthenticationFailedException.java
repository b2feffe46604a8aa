package io.sealwright.kms.error;

/**
 * The message did not open: wrong key, wrong encryption context, wrong associated data, or changed bytes. One answer
 * for all of them, so that it tells an attacker nothing.
 */
public final class AuthenticationFailedException extends KmsException {
    private static final long serialVersionUID = 1L;

    /** Makes the error; it carries no detail on purpose. */
    public AuthenticationFailedException() {
        super(
                ErrorCode.KMS_AUTHENTICATION_FAILED,
                "The message cannot be opened.",
                "The key, the encryption context or the associated data differ from those it was sealed with,"
                        + " or the message was changed.",
                "Check all four against what sealed it; the answer is the same for each, on purpose.",
                null);
    }
}
