package io.sealwright.kms.cli.doctor;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** Words for a POSIX shell. */
public final class Shell {
    private static final Pattern PLAIN_URI = Pattern.compile("[A-Za-z0-9][A-Za-z0-9:/._@-]*");

    private Shell() {}

    /** The path as one word: quoted, and never taken for an option. */
    static String word(Path path) {
        String text = path.toString();
        return word(text.startsWith("-") ? "./" + text : text);
    }

    /** A URI as one word: as it is where no shell sees anything in it, else quoted. */
    public static String uri(String uri) {
        return PLAIN_URI.matcher(uri).matches() ? uri : word(uri);
    }

    /** The text as one word: quoted. */
    static String word(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
