package io.sealwright.kms.cli.doctor;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Environment variables in the texts of errors. */
public final class Variable {
    private static final Pattern NAME = Pattern.compile("\\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\\b");

    private Variable() {}

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
