package io.sealwright.kms.gcp;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ForeignText;
import io.sealwright.kms.spi.MasterKeyUri;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Google's resource names: of the characters that Google allows there alone, so that no name can reach another resource. */
final class Names {
    static final String KEY_FORM = "projects/P/locations/L/keyRings/R/cryptoKeys/K";
    static final String SECRET_FORM = "projects/P/secrets/S or projects/P/locations/L/secrets/S";

    private static final String PROJECT = "projects/[a-z0-9][a-z0-9.:-]{0,127}";
    private static final Pattern KEY = Pattern.compile(
            PROJECT + "/locations/[a-z0-9-]{1,63}/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}");
    private static final Pattern SECRET =
            Pattern.compile(PROJECT + "(?:/locations/([a-z][a-z0-9-]{0,61}[a-z0-9]))?/secrets/[A-Za-z0-9_-]{1,255}");
    private static final Pattern KEY_PARTS =
            Pattern.compile("projects/([^/]+)/locations/([^/]+)/keyRings/([^/]+)/cryptoKeys/([^/]+)$");
    private static final Pattern OF_PROJECT = Pattern.compile("projects/([^/]+)/(.+)");
    private static final Pattern VERSION = Pattern.compile("(.+)/(?:cryptoKeyVersions|versions)/([1-9][0-9]{0,8})");
    private static final Pattern DIGITS = Pattern.compile("[0-9]+");

    private static final int MOST_SHOWN = 160; // names of resources are long

    private Names() {}

    /** @throws ConfigurationException if the URI names no key of Cloud KMS */
    static String key(MasterKeyUri uri) {
        if (!KEY.matcher(uri.rest()).matches()) {
            String why = uri.rest().contains("/cryptoKeyVersions/")
                    ? "It names a version of a key; Google chooses the version, and rotation changes it."
                    : "It must be " + GcpKmsProvider.SCHEME + "://" + KEY_FORM
                            + "; endpoint and credentials do not belong" + " there.";
            throw notUsable(uri, why);
        }
        return uri.rest();
    }

    /** @throws ConfigurationException if the URI names no secret */
    static String secret(MasterKeyUri uri) {
        if (!SECRET.matcher(uri.rest()).matches()) {
            String why = uri.rest().contains("/versions/")
                    ? "It names a version of a secret; the newest one wraps, and the older ones open."
                    : "It must be " + GcpSecretManagerProvider.SCHEME + "://" + SECRET_FORM
                            + "; endpoint and credentials do not belong there.";
            throw notUsable(uri, why);
        }
        return uri.rest();
    }

    /** Where a secret of one region lies; empty for one that Google replicates. */
    static String location(String secret) {
        Matcher matcher = SECRET.matcher(secret);
        return matcher.matches() && matcher.group(1) != null ? matcher.group(1) : "";
    }

    private static ConfigurationException notUsable(MasterKeyUri uri, String why) {
        return new ConfigurationException(
                "The master key URI " + shown(uri.toString()) + " cannot be used.",
                why,
                "Correct it; the resource's name is what 'gcloud kms keys list' and 'gcloud secrets describe' show.");
    }

    /**
     * Whether a name that came back is the one that was asked for. Google may give a project's number for its id and the
     * other way round, which nothing here can resolve; all else must be equal.
     */
    static boolean same(String answered, String asked) {
        if (answered.equals(asked)) {
            return true;
        }
        Matcher one = OF_PROJECT.matcher(answered);
        Matcher other = OF_PROJECT.matcher(asked);
        return one.matches()
                && other.matches()
                && one.group(2).equals(other.group(2))
                && DIGITS.matcher(one.group(1)).matches()
                        != DIGITS.matcher(other.group(1)).matches();
    }

    /** The number of a version of {@code of}; 0 if the name is none of it. */
    static int version(String name, String of) {
        Matcher matcher = VERSION.matcher(name);
        return matcher.matches() && same(matcher.group(1), of) ? Integer.parseInt(matcher.group(2)) : 0;
    }

    /** Whether a text of the service names the resource: what nobody on the way, who sees no body, would write. */
    static boolean namedIn(String text, String resource) {
        Matcher matcher = OF_PROJECT.matcher(resource);
        // Without the project, whose number may stand there for its id.
        return matcher.matches() && text.contains(matcher.group(2));
    }

    /** The command that makes what the URI names. */
    static String making(String uri) {
        Matcher key = KEY_PARTS.matcher(uri);
        return key.find()
                ? "gcloud kms keys create " + key.group(4) + " --keyring " + key.group(3) + " --location "
                        + key.group(2) + " --project " + key.group(1) + " --purpose encryption"
                : "kms master-key bootstrap --create -m " + uri;
    }

    /** Fit for an error's text. */
    static String shown(String text) {
        return ForeignText.shown(text, MOST_SHOWN);
    }
}
