package io.sealwright.kms.cli.doctor;

import java.nio.file.Path;

/** Words for a POSIX shell. */
final class Shell {
    private Shell() {}

    /** The path as one word: quoted, and never taken for an option. */
    static String word(Path path) {
        String text = path.toString();
        return word(text.startsWith("-") ? "./" + text : text);
    }

    /** The text as one word: quoted. */
    static String word(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
