package io.sealwright.kms.cli.doctor;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Environment variables in the texts of errors. */
public final class Variable {
    /**
     * What to know of a variable with a master key. To unset it, or to put a new key there, would silence the finding and
     * leave all that is sealed under it closed.
     */
    public static final String KEEP =
            "If anything was sealed already, the value must be the one that it was sealed under: take that, whole, from"
                    + " where it is kept (the deployment's configuration, its secret manager, a copy). A new key opens"
                    + " none of it. The forms that are allowed: docs/CONFIGURATION.md, \"Keys in variables\".";

    /** What to know of a variable that says where keys are: without it others would be used, or made, and nobody would be told. */
    public static final String CORRECT =
            "Correct the value rather than unset the variable: without it, keys of another place would be used, or made.";

    /** Times, sizes and the like: what is sealed and stored does not depend on them, and each has a default. */
    private static final Pattern TUNING =
            Pattern.compile("KMS_(?:TIMEOUT|DEADLINE|CACHE_TTL|RETRY_ATTEMPTS|WARM_UP|DEBUG|PKCS11_SESSIONS"
                    + "|(?:DATA_KEYS|OUTAGE|PASSPHRASE)_[A-Z_]+)");

    private static final Pattern NAME = Pattern.compile("\\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\\b");
    private static final Pattern ENV_URI = Pattern.compile("env://([A-Za-z_][A-Za-z0-9_]*)");
    private static final Pattern ENDING = Pattern.compile("(?:_NEXT|_PREVIOUS)?(?:_FILE)?$");

    private Variable() {}

    /** The variables that hold master keys, whether they are set or not; without those of the versions beside them. */
    static Set<String> masterKeys(Map<String, String> environment) {
        Set<String> keys = new TreeSet<>(Set.of("MASTER_ENCRYPTION_KEY", "ENCRYPTION_KEY"));
        for (String variable : Set.of("KMS_MASTER_KEY", "KMS_ALSO_WRAP_WITH", "KMS_ALSO_OPEN_WITH")) {
            Matcher uris = ENV_URI.matcher(environment.getOrDefault(variable, ""));
            while (uris.find()) {
                keys.add(uris.group(1));
            }
        }
        return keys;
    }

    /** Whether a variable holds a master key in any version, or names the file of one. */
    public static boolean holdsMasterKey(String variable, Map<String, String> environment) {
        Set<String> keys = masterKeys(environment);
        return keys.contains(variable) || keys.contains(ENDING.matcher(variable).replaceFirst(""));
    }

    /** Whether nothing but the default of a time or size takes the variable's place when it is unset. */
    public static boolean mayBeUnset(String variable, Map<String, String> environment) {
        return TUNING.matcher(variable).matches() && !holdsMasterKey(variable, environment);
    }

    /** What to know before changing a variable that must not just be unset. */
    public static String warning(String variable, Map<String, String> environment) {
        return holdsMasterKey(variable, environment) ? KEEP : CORRECT;
    }

    /** The first one that is set and that the error names; null if there is none. */
    public static @Nullable String namedBy(Throwable error, Map<String, String> environment) {
        Matcher words = NAME.matcher(String.valueOf(error.getMessage()));
        while (words.find()) {
            if (environment.containsKey(words.group())) {
                return words.group();
            }
        }
        return null;
    }
}
