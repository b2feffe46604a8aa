package io.sealwright.kms.testkit.gcp;

/** How a service of {@link FakeGoogleCloud} may answer wrongly, with status OK unless it says otherwise. */
public enum Lie {
    /** It tells the truth. */
    NONE,
    /** The checksum of the answer's bytes is another. */
    WRONG_CHECKSUM,
    /** The answer has no checksum. */
    NO_CHECKSUM,
    /** A bit of the answer's bytes is another than when their checksum was made. */
    CHANGED_BYTES,
    /**
     * A bit of the request's bytes was changed before the service checked them, so that it answers INVALID_ARGUMENT and
     * speaks of the checksum.
     */
    CHANGED_REQUEST,
    /** KMS: {@code verified_plaintext_crc32c} is false. Secret Manager: {@code client_specified_payload_checksum} is. */
    UNVERIFIED,
    /** KMS: {@code verified_additional_authenticated_data_crc32c} is false. */
    UNVERIFIED_ASSOCIATED_DATA,
    /** The answer names another resource. */
    WRONG_NAME,
    /** An answer without any field. */
    EMPTY
}
