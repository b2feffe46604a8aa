package io.sealwright.kms.testkit.aws;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The one operation of STS that a pod's service account needs: a web identity's token for credentials of a session. Speaks
 * the older protocol, a form and XML.
 *
 * @see <a href="https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html">
 *     AssumeRoleWithWebIdentity</a>
 */
final class FakeSecurityTokens {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** The token that it takes. */
    private final String webIdentity = random(32);

    private final Map<String, Session> sessions = new ConcurrentHashMap<>(); // by access key

    /** No record: it holds secrets. */
    static final class Session {
        final String secretKey;
        final String token;

        Session(String secretKey, String token) {
            this.secretKey = secretKey;
            this.token = token;
        }
    }

    String webIdentity() {
        return webIdentity;
    }

    /** Null if there is none of that access key. */
    @Nullable
    Session session(String accessKey) {
        return sessions.get(accessKey);
    }

    /** @throws AwsError if the form asks for anything else, the role is called {@code denied}, or the token is another one */
    String answer(byte[] body) throws AwsError {
        Map<String, String> form = new HashMap<>();
        for (String pair : new String(body, StandardCharsets.UTF_8).split("&")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                form.put(
                        URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
                        URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        if (!"AssumeRoleWithWebIdentity".equals(form.get("Action"))) {
            throw new AwsError("InvalidAction", "The action is not valid for this web service.");
        }
        String role = form.getOrDefault("RoleArn", "");
        if (!role.matches("arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+")
                || !form.getOrDefault("RoleSessionName", "").matches("[A-Za-z0-9_+=,.@-]{2,64}")) {
            throw new AwsError("ValidationError", "Request ARN or session name is invalid");
        }
        if (role.endsWith("/denied")) {
            throw new AwsError("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        }
        if (!webIdentity.equals(form.get("WebIdentityToken"))) {
            throw new AwsError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.");
        }
        String accessKey = "ASIA" + random(8).toUpperCase(Locale.ROOT);
        Session session = new Session(random(20), random(40));
        sessions.put(accessKey, session);
        return "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                + "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>" + accessKey
                + "</AccessKeyId><SecretAccessKey>" + session.secretKey + "</SecretAccessKey><SessionToken>"
                + session.token + "</SessionToken><Expiration>"
                + Instant.now().plus(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.SECONDS)
                + "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
                + "</AssumeRoleWithWebIdentityResponse>";
    }

    static String error(AwsError error) {
        return "<ErrorResponse><Error><Type>Sender</Type><Code>" + error.code() + "</Code><Message>"
                + error.getMessage() + "</Message></Error></ErrorResponse>";
    }

    private static String random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
