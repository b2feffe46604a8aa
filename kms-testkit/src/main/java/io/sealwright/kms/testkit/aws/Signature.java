package io.sealwright.kms.testkit.aws;

import com.sun.net.httpserver.Headers;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signature Version 4 of one request, checked as AWS does.
 *
 * @see <a href="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html">Create a
 *     signed AWS API request</a>
 */
final class Signature {
    private static final Pattern FORM =
            Pattern.compile("AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/([0-9]{8})/([a-z0-9-]+)/"
                    + "([a-z]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})");

    private final Matcher parts;

    private Signature(Matcher parts) {
        this.parts = parts;
    }

    /** @throws AwsError if there is none, or it has another form */
    static Signature of(Headers headers) throws AwsError {
        String given = headers.getFirst("Authorization");
        if (given == null) {
            throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token");
        }
        Matcher parts = FORM.matcher(given);
        if (!parts.matches()) {
            throw new AwsError(
                    "IncompleteSignatureException", "The request signature does not conform to AWS standards");
        }
        return new Signature(parts);
    }

    String accessKey() {
        return parts.group(1);
    }

    String region() {
        return parts.group(3);
    }

    String service() {
        return parts.group(4);
    }

    /** @throws AwsError if it is not the one that this secret gives */
    void check(String secret, String method, URI uri, Headers headers, byte[] body) throws AwsError {
        String date = headers.getFirst("X-Amz-Date");
        if (date == null || !date.startsWith(parts.group(2))) {
            throw new AwsError("IncompleteSignatureException", "Date must be in the credential's scope");
        }
        List<String> signed = List.of(parts.group(5).split(";"));
        List<String> demanded = new ArrayList<>(List.of("host", "x-amz-date", "x-amz-target"));
        if (headers.containsKey("X-Amz-Security-Token")) {
            demanded.add("x-amz-security-token");
        }
        if (!signed.containsAll(demanded)) {
            throw new AwsError("IncompleteSignatureException", "Not all headers are signed that must be: " + demanded);
        }
        StringBuilder canonical = new StringBuilder(method)
                .append('\n')
                .append(uri.getRawPath().isEmpty() ? "/" : uri.getRawPath())
                .append('\n')
                .append(uri.getRawQuery() == null ? "" : uri.getRawQuery())
                .append('\n');
        for (String name : signed) {
            List<String> values = headers.get(name);
            String value = values == null ? "" : String.join(",", values);
            canonical
                    .append(name)
                    .append(':')
                    .append(value.trim().replaceAll(" +", " "))
                    .append('\n');
        }
        canonical.append('\n').append(parts.group(5)).append('\n').append(hash(body));
        String scope = parts.group(2) + "/" + region() + "/" + service() + "/aws4_request";
        String toSign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n"
                + hash(canonical.toString().getBytes(StandardCharsets.UTF_8));
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String step : List.of(parts.group(2), region(), service(), "aws4_request", toSign)) {
            key = mac(key, step);
        }
        byte[] given = HexFormat.of().parseHex(parts.group(6).toLowerCase(Locale.ROOT));
        if (!MessageDigest.isEqual(key, given)) {
            throw new AwsError(
                    "InvalidSignatureException",
                    "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
                            + " Access Key and signing method.");
        }
    }

    private static byte[] mac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
