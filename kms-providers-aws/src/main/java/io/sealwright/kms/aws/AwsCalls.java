package io.sealwright.kms.aws;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.LimitedBody;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Set;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkPlugin;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.retries.DefaultRetryStrategy;

/**
 * Requests through an SDK client, whoever made it: each is sent once, within a deadline, and what comes back is one of the
 * types that the contract of master keys names. The table in docs/providers/AWS.md says which, and each row of it is a test.
 * The SDK's exceptions are no causes of ours: their texts repeat what AWS, or whoever answered in its stead, said. Safe for
 * concurrent use.
 */
final class AwsCalls {
    /** Set for each request, since the client may be the caller's: the engine repeats calls, the SDK does not. */
    private static final SdkPlugin ONE_ATTEMPT =
            client -> client.overrideConfiguration(client.overrideConfiguration().toBuilder()
                    .retryStrategy(DefaultRetryStrategy.doNotRetry())
                    .build());

    private static final Set<String> DEAD_CREDENTIALS = Set.of(
            "ExpiredIdentityToken",
            "ExpiredToken",
            "ExpiredTokenException",
            "IDPRejectedClaim",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidIdentityToken",
            "InvalidSignatureException",
            "MissingAuthenticationTokenException",
            "MissingAuthenticationToken",
            "NotAuthorizedException",
            "OptInRequired",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException");

    private static final Set<String> THROTTLED = Set.of(
            "LimitExceededException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "TooManyRequestsException");

    /** The services that are asked for keys. */
    enum Service {
        KMS("Kms"),
        SECRETS_MANAGER("SecretsManager"),
        PARAMETER_STORE("Ssm");

        private final String nameInSdk;

        Service(String nameInSdk) {
            this.nameInSdk = nameInSdk;
        }
    }

    private final Service service;
    private final Duration timeout;

    AwsCalls(Service service, Duration timeout) {
        this.service = service;
        this.timeout = timeout;
    }

    /** For one operation of a key. */
    Deadline deadline() {
        return Deadline.after(timeout);
    }

    /**
     * One request.
     *
     * @param what what is done with which key, for errors
     * @param permission the action that a policy has to allow
     */
    record Request(String what, String permission) {}

    /** What a service's own codes mean. */
    interface Refusals {
        /** Null if the code is none of its own. */
        @Nullable
        RuntimeException of(AwsAnswer answer, Request request);
    }

    /**
     * Sends and waits.
     *
     * @param refusals asked about structured answers that refuse, and about no others
     * @throws PermissionDeniedException if AWS knows the caller and says no
     * @throws UnavailableException if there was no usable answer
     * @throws CallInterruptedException if interrupted; the flag stays
     */
    <T> T ask(
            Request request, Deadline deadline, Refusals refusals, Function<AwsRequestOverrideConfiguration, T> call) {
        Duration left = deadline.requestTimeout();
        AwsRequestOverrideConfiguration override = AwsRequestOverrideConfiguration.builder()
                .apiCallTimeout(left)
                .apiCallAttemptTimeout(left)
                .addPlugin(ONE_ATTEMPT)
                .build();
        try {
            return call.apply(override);
        } catch (KmsException e) {
            throw e;
        } catch (AwsServiceException e) {
            throw refused(AwsAnswer.of(e), request, refusals);
        } catch (RuntimeException e) {
            throw noAnswer(e, request, deadline);
        }
    }

    private RuntimeException refused(AwsAnswer answer, Request request, Refusals refusals) {
        if (!answer.isItsOwn()) {
            return notItsOwn(request, "HTTP " + answer.status() + " without a code of its own");
        }
        if (answer.status() >= 500) {
            return unavailable(
                    request, "AWS failed" + answer.told() + ".", "Repeat the call; see the AWS Health Dashboard.");
        }
        // What STS or an identity provider said when it was asked for credentials is no answer about the key.
        if (DEAD_CREDENTIALS.contains(answer.code()) || !answer.service().equals(service.nameInSdk)) {
            return unavailable(
                    request,
                    "AWS does not accept the credentials" + answer.told() + ".",
                    "Renew them, and check this machine's clock; docs/providers/AWS.md says where they are looked for.");
        }
        if (answer.code().equals("AccessDeniedException") || answer.code().equals("AccessDenied")) {
            return new PermissionDeniedException(
                    "AWS denies it: " + request.what() + ".",
                    "The credentials are alive, but may not do " + request.permission() + answer.told() + ".",
                    "Allow that in the role's policy and in the key's; docs/providers/AWS.md has the whole policy.");
        }
        RuntimeException known = refusals.of(answer, request);
        if (known != null) {
            return known;
        }
        if (THROTTLED.contains(answer.code())) {
            return unavailable(
                    request,
                    "AWS throttles its callers" + answer.told() + ".",
                    "Repeat later; look at the account's quotas and at how many encryption contexts are used.");
        }
        return unavailable(
                request,
                "AWS refused the request for a reason that this release does not know" + answer.told() + ".",
                "Look the code up in the service's API reference.");
    }

    private RuntimeException noAnswer(RuntimeException e, Request request, Deadline deadline) {
        boolean timeout = e instanceof ApiCallTimeoutException || e instanceof ApiCallAttemptTimeoutException;
        if (!timeout
                && (e instanceof AbortedException
                        || Thread.currentThread().isInterrupted()
                        || cause(e, InterruptedException.class)
                                != null)) { // no InterruptedIOException: time-outs are ones
            return CallInterruptedException.during(request.what(), null);
        }
        if (timeout || deadline.passed()) {
            return unavailable(
                    request,
                    "No whole answer came within " + deadline.whole().toMillis() + " ms.",
                    "Repeat the call; check the network, or set a longer deadline.");
        }
        if (cause(e, UnknownHostException.class) != null || cause(e, UnresolvedAddressException.class) != null) {
            return unavailable(
                    request,
                    "The endpoint's host name does not resolve.",
                    "Check region, endpoint and the name service.");
        }
        SSLException tls = cause(e, SSLException.class);
        if (tls != null) {
            return new UnavailableException(
                    noUsableAnswer(request),
                    "TLS failed, for example because the endpoint's certificate is not trusted here.",
                    "Check the endpoint and what stands between; the cause says more.",
                    tls);
        }
        ConnectException connect = cause(e, ConnectException.class);
        if (connect != null) {
            return new UnavailableException(
                    noUsableAnswer(request),
                    "The endpoint takes no connection.",
                    "Check the endpoint and the network; repeating may help.",
                    connect);
        }
        if (cause(e, LimitedBody.TooLongException.class) != null) {
            return notItsOwn(request, "more than " + JdkHttpClient.MOST_BYTES + " bytes");
        }
        if (cause(e, JdkHttpClient.EncodedException.class) != null) {
            return notItsOwn(request, "compressed, which nobody asked for");
        }
        IOException transport = cause(e, IOException.class);
        if (transport != null && !isOfParser(transport)) {
            return unavailable(
                    request,
                    "The connection failed before the whole answer came ("
                            + transport.getClass().getSimpleName() + ").",
                    "Repeat the call; check the network and what lies between.");
        }
        if (e instanceof SdkClientException && String.valueOf(e.getMessage()).contains("credentials")) {
            return unavailable(
                    request,
                    "There are no credentials: none of the places where the SDK looks gave any.",
                    "Give the process a role, a profile or AWS_ACCESS_KEY_ID; docs/providers/AWS.md names the places.");
        }
        return notItsOwn(
                request, "nothing that the SDK can read (" + e.getClass().getSimpleName() + ")");
    }

    /** JSON's exceptions are I/O exceptions too. */
    private static boolean isOfParser(IOException e) {
        return e.getClass().getName().contains("Json");
    }

    private static <X extends Throwable> @Nullable X cause(Throwable failure, Class<X> type) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (type.isInstance(e)) {
                return type.cast(e);
            }
        }
        return null;
    }

    /** Without a cause: what lies behind may quote what came, or was sent. */
    private static UnavailableException unavailable(Request request, String why, String remedy) {
        return new UnavailableException(noUsableAnswer(request), why, remedy);
    }

    private static UnavailableException notItsOwn(Request request, String found) {
        return unavailable(
                request,
                "What came is not an answer of AWS: " + found + ".",
                "Check the endpoint, and whether a proxy stands between; repeating may help.");
    }

    private static String noUsableAnswer(Request request) {
        return "AWS gave no usable answer: " + request.what() + ".";
    }

    /** A success that lacks what it must have, or has something else. */
    static UnavailableException unusable(String what, String why) {
        return new UnavailableException(
                "AWS gave no usable answer: " + what + ".",
                why,
                "Check the endpoint, and whether something stands between that changes answers.",
                null);
    }

    /** The part of an answer, which must be there. */
    static <T> T demand(@Nullable T part, String name, String what) {
        if (part == null) {
            throw unusable(what, "Its answer lacks '" + name + "'.");
        }
        return part;
    }
}
