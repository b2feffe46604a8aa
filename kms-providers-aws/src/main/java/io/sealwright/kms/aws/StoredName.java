package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What names a secret or a parameter: its name, or its ARN.
 *
 * @param text as the service takes it
 * @param region of an ARN; null otherwise
 */
record StoredName(String text, @Nullable String region) {
    private static final Pattern SECRET = Pattern.compile("[A-Za-z0-9/_+=.@-]{1,512}");
    private static final Pattern SECRET_ARN =
            Pattern.compile("arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}");
    private static final String SEGMENTS = "[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*";
    private static final Pattern PARAMETER = Pattern.compile("/?" + SEGMENTS);
    private static final Pattern PARAMETER_ARN =
            Pattern.compile("arn:aws[a-z-]*:ssm:([a-z0-9-]+):[0-9]{12}:parameter/" + SEGMENTS);
    private static final int LONGEST_PARAMETER = 1011;

    /** @throws ConfigurationException if it is none */
    static StoredName secret(String text) {
        Matcher arn = SECRET_ARN.matcher(text);
        if (arn.matches()) {
            return new StoredName(text, arn.group(1));
        }
        if (SECRET.matcher(text).matches()) {
            return new StoredName(text, null);
        }
        throw wrong("secret of Secrets Manager", "1 to 512 of A-Z a-z 0-9 / _ + = . @ -, or an ARN");
    }

    /**
     * A name with slashes is a path from the root, whether it begins with one or not; one without is itself.
     *
     * @throws ConfigurationException if it is none
     */
    static StoredName parameter(String text) {
        Matcher arn = PARAMETER_ARN.matcher(text);
        if (arn.matches()) {
            return new StoredName(text, arn.group(1));
        }
        if (text.length() <= LONGEST_PARAMETER && PARAMETER.matcher(text).matches()) {
            return new StoredName(text.startsWith("/") || !text.contains("/") ? text : "/" + text, null);
        }
        throw wrong("parameter", "segments of A-Z a-z 0-9 _ . - between slashes, or an ARN");
    }

    /** Does not show what was given: it may be a key that was put into the wrong place. */
    private static ConfigurationException wrong(String what, String allowed) {
        return new ConfigurationException(
                "The name given is no name of a " + what + ".", "It must be " + allowed + ".", "Correct it.");
    }
}
