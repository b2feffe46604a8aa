package io.sealwright.kms.gcp;

import com.google.api.gax.grpc.GrpcStatusCode;
import com.google.api.gax.rpc.ApiException;
import com.google.api.gax.rpc.ErrorDetails;
import com.google.api.gax.rpc.StatusCode;
import com.google.auth.Retryable;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a status other than OK means: the table in docs/providers/GCP.md, row by row tested.
 *
 * <p>A status alone proves nothing: gRPC makes PERMISSION_DENIED out of a proxy's 403, and proxies that speak gRPC give
 * statuses of their own. So a definite no is believed only with what the service itself adds: details of
 * {@code google.rpc}, or a text that names the resource, which stands in the request's body alone.
 */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    /** States in which a version of a key, or of a secret, is meant to serve nobody. */
    private static final Set<String> OFF = Set.of("DISABLED", "DESTROY_SCHEDULED");

    /** "CryptoKeyVersion … is not enabled, current state is: DISABLED."; "Secret Version […] is in DISABLED state." */
    private static final Pattern STATE = Pattern.compile("(?:current state is: |is in )([A-Z_]+)");

    /** Reasons (google.rpc.ErrorInfo) that say "this caller may not"; others speak of projects, quotas and billing. */
    private static final Set<String> DENIED_REASONS = Set.of("IAM_PERMISSION_DENIED", "SECURITY_POLICY_VIOLATED");

    /** What the client puts before the service's own words. */
    private static final Pattern PREFIX = Pattern.compile("^(?:[A-Za-z.]+Exception: )+(?:[A-Z_]+: )?");

    private final StatusCode.Code code;
    private final String text;
    private final String reason;
    private final String violation;
    private final boolean own;
    private final boolean page;
    private final boolean withoutToken;
    private final transient @Nullable Throwable below;

    /** @param resource what was asked for */
    Refusal(ApiException answer, String resource) {
        super(answer.getStatusCode().getCode().name(), null, false, false);
        this.below = Causes.shown(answer);
        this.withoutToken = Causes.has(answer, Retryable.class);
        RestError json = RestError.of(answer);
        if (json != null) {
            this.page = false;
            this.code = json.code();
            this.text = json.message();
            this.reason = json.reason();
            this.violation = json.violation();
            this.own = !reason.isEmpty() || !violation.isEmpty() || Names.namedIn(text, resource);
            return;
        }
        ErrorDetails details = answer.getErrorDetails();
        ErrorInfo info = details == null ? null : details.getErrorInfo();
        PreconditionFailure failed = details == null ? null : details.getPreconditionFailure();
        this.code = answer.getStatusCode().getCode();
        this.text = answer.getMessage() == null
                ? ""
                : PREFIX.matcher(answer.getMessage()).replaceFirst("");
        this.reason = info == null ? "" : info.getReason();
        this.violation = failed == null || failed.getViolationsCount() == 0
                ? ""
                : failed.getViolations(0).getType();
        // What gRPC itself makes of a page quotes the page, which may repeat what was asked; over HTTP a text is the
        // page.
        this.page = !(answer.getStatusCode() instanceof GrpcStatusCode)
                || text.startsWith("HTTP status code")
                || text.contains("missing GRPC status");
        this.own = info != null || failed != null || (!page && Names.namedIn(text, resource));
    }

    /** Whether the service answers that; what somebody on the way makes of a page is no answer of its. */
    boolean is(StatusCode.Code other) {
        return !page && code == other;
    }

    /** Whether it is the credentials' fault: they are dead, or whoever makes tokens of them makes none. */
    boolean ofCredentials() {
        return withoutToken || code == StatusCode.Code.UNAUTHENTICATED;
    }

    /**
     * Whether it may be the connection's fault, or of somebody whom it leads to: what the service surely said itself has
     * details or names the resource, or concerns the request.
     */
    boolean mayBeTheWays() {
        return switch (code) {
            case DEADLINE_EXCEEDED -> true;
            case INVALID_ARGUMENT, FAILED_PRECONDITION, RESOURCE_EXHAUSTED, ALREADY_EXISTS -> page;
            default -> !own;
        };
    }

    /** Whether the service says that it received other bytes than were sent. */
    boolean ofChecksum() {
        String lower = text.toLowerCase(Locale.ROOT);
        return lower.contains("checksum") || lower.contains("crc32c");
    }

    boolean notFound() {
        return own && code == StatusCode.Code.NOT_FOUND;
    }

    boolean denied() {
        return own
                && code == StatusCode.Code.PERMISSION_DENIED
                && (reason.isEmpty() || DENIED_REASONS.contains(reason));
    }

    /** The state that forbids it; empty if none is told. */
    String state() {
        if (!own || code != StatusCode.Code.FAILED_PRECONDITION) {
            return "";
        }
        Matcher matcher = STATE.matcher(text);
        if (matcher.find()) {
            return matcher.group(1);
        }
        return switch (violation) {
            case "KEY_DISABLED" -> "DISABLED";
            case "KEY_DESTROYED" -> "DESTROYED";
            default -> "";
        };
    }

    /**
     * The error for whatever the caller has no better one for.
     *
     * @param what what was asked for, as in {@code "encrypt with gcp-kms://…"}
     * @param uri the key or the secret
     */
    KmsException typed(String what, String uri) {
        String state = state();
        if (notFound()) {
            return new KeyNotFoundException(
                    uri + " is not there: " + what + ".",
                    "Google says so: " + Names.shown(text) + ".",
                    "Check the name and its project; a new one is made by: " + Names.making(uri));
        }
        if (state.equals("DESTROYED")) {
            return new KeyNotFoundException(
                    uri + " is destroyed: " + what + ".",
                    "Google says so of the version in question: " + Names.shown(text) + ".",
                    "What was sealed under that version cannot be opened by this key any more; make a new version to seal.");
        }
        if (OFF.contains(state)) {
            return new RefusedException(
                    ErrorCode.KMS_KEY_STATE_REFUSED,
                    uri + " cannot be used: " + what + ".",
                    state.equals("DISABLED")
                            ? "The version in question is disabled: " + Names.shown(text) + "."
                            : "The version in question is scheduled for destruction: " + Names.shown(text) + ".",
                    state.equals("DISABLED")
                            ? "Enable the version if that was a mistake."
                            : "Restore and enable the version before its time is over if that was a mistake.");
        }
        if (denied()) {
            return new PermissionDeniedException(
                    "Google denies it: " + what + ".",
                    "The credentials are alive, but: " + Names.shown(text) + ".",
                    "Grant the role: docs/providers/GCP.md has what is needed for what.");
        }
        return noAnswer(what);
    }

    /** Nobody said no: an error that tells what came. */
    UnavailableException noAnswer(String what) {
        String why;
        String remedy;
        if (ofCredentials()) {
            return new UnavailableException(
                    "Google gave no usable answer: " + what + ".",
                    withoutToken
                            ? "No token was to be had for the credentials: who makes them refuses, or is out of reach ("
                                    + code + ")."
                            : "The credentials are missing, expired or revoked (UNAUTHENTICATED" + told() + ").",
                    "Look at GOOGLE_APPLICATION_CREDENTIALS, the machine's service account, or 'gcloud auth"
                            + " application-default login'; what lies in files is read again by itself.",
                    below);
        }
        switch (code) {
            case RESOURCE_EXHAUSTED -> {
                why = "A quota is used up, or too many requests come (RESOURCE_EXHAUSTED" + told() + ").";
                remedy = "Repeat later; look at the project's quotas and at how many encryption contexts are used.";
            }
            case DEADLINE_EXCEEDED -> {
                why = "No whole answer came in time.";
                remedy = "Repeat the call; check the network, or set a longer deadline.";
            }
            case UNAVAILABLE -> {
                why = "The service cannot be reached, or is out of order for the moment (UNAVAILABLE" + told() + ").";
                remedy = "Repeat the call; check the network, name service, proxies, and Google's status page.";
            }
            default -> {
                why = "It answered " + code + (own ? told() : ", as somebody on the way may have done") + ".";
                remedy =
                        "Check what lies between and the project's settings (is the API switched on?); repeating may help.";
            }
        }
        return new UnavailableException("Google gave no usable answer: " + what + ".", why, remedy, below);
    }

    /** The service's own words; those of somebody on the way may repeat what was sent to him, credentials included. */
    private String told() {
        if (!own) {
            return "";
        }
        return ": " + (reason.isEmpty() ? "" : Names.shown(reason) + ", ") + Names.shown(text);
    }
}
