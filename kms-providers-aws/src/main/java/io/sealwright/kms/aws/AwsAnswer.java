package io.sealwright.kms.aws;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** A structured answer that refuses. Holds AWS's text, of which errors of ours show what is harmless. */
final class AwsAnswer {
    private static final Pattern CODE = Pattern.compile("[A-Za-z][A-Za-z0-9.]{1,80}");
    private static final Pattern REQUEST_ID = Pattern.compile("[A-Za-z0-9-]{8,64}");

    /** So many characters of base64 or hex in a row could be of a key that was sent. */
    private static final Pattern LIKE_A_KEY = Pattern.compile("[A-Za-z0-9+/=_]{20,}");

    private static final int LONGEST_TOLD = 300;

    private final String code;
    private final int status;
    private final String message;
    private final String requestId;
    private final String service;

    private AwsAnswer(
            @Nullable String code,
            int status,
            @Nullable String message,
            @Nullable String requestId,
            @Nullable String service) {
        this.service = service == null ? "" : service;
        this.code = code != null && CODE.matcher(code).matches() ? code : "";
        this.status = status;
        this.message = message == null ? "" : message;
        this.requestId = requestId != null && REQUEST_ID.matcher(requestId).matches() ? requestId : "";
    }

    static AwsAnswer of(AwsServiceException e) {
        AwsErrorDetails details = e.awsErrorDetails();
        return new AwsAnswer(
                details == null ? null : details.errorCode(),
                e.statusCode(),
                details == null ? null : details.errorMessage(),
                e.requestId(),
                details == null ? null : details.serviceName());
    }

    /** Which service's client it came to, as the SDK calls it: not always the one that was asked, for credentials are fetched. */
    String service() {
        return service;
    }

    /** Empty if there is none, so that somebody else may have answered. */
    String code() {
        return code;
    }

    int status() {
        return status;
    }

    /** Whether it is AWS's own, and not a bare status that anybody on the way may have answered. */
    boolean isItsOwn() {
        return !code.isEmpty() && status >= 400;
    }

    /** Whether the text says that; both in lower case. */
    boolean says(String part) {
        return message.toLowerCase(Locale.ROOT).contains(part);
    }

    /** Code, request and, if it is short and holds nothing like a key, the text; in brackets. */
    String told() {
        String clean = message.replaceAll("[^\\x20-\\x7e]+", " ").trim();
        boolean harmless =
                clean.length() <= LONGEST_TOLD && !LIKE_A_KEY.matcher(clean).find();
        return " (" + code + (harmless && !clean.isEmpty() ? ": " + clean.replaceAll("\\.$", "") : "")
                + (requestId.isEmpty() ? "" : "; request " + requestId) + ")";
    }

    @Override
    public String toString() {
        return "AwsAnswer[" + code + ", HTTP " + status + "]";
    }
}
