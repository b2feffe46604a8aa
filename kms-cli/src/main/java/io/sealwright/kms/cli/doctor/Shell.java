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

    /** The text as one word: quoted. What would move a terminal's cursor is written by its number, for {@code printf}. */
    static String word(String text) {
        if (text.chars().noneMatch(Shell::isControl)) {
            return "'" + text.replace("'", "'\\''") + "'";
        }
        StringBuilder format = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isControl(c) || c == '\\' || c == '\'' || c == '%') {
                format.append(String.format("\\%03o", (int) c));
            } else {
                format.append(c);
            }
        }
        return "\"$(printf '" + format + "')\"";
    }

    private static boolean isControl(int c) {
        return c < 0x20 || c == 0x7f;
    }
}
