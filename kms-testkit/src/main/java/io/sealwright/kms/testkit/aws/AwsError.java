package io.sealwright.kms.testkit.aws;

/** An answer of AWS that is an error: its code, status and text. */
final class AwsError extends Exception {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final int status;

    AwsError(String code, String message) {
        this(code, 400, message);
    }

    AwsError(String code, int status, String message) {
        super(message, null, false, false);
        this.code = code;
        this.status = status;
    }

    static AwsError validation(String member, String constraint) {
        return new AwsError(
                "ValidationException",
                "1 validation error detected: Value at '" + member + "' failed to satisfy constraint: Member must "
                        + constraint);
    }

    String code() {
        return code;
    }

    int status() {
        return status;
    }
}
