package io.sealwright.kms.spi;

/**
 * Texts of others, made fit for errors and logs: what a server said, a token calls itself, or a URI has in it must neither
 * begin a new line there, nor move a terminal's cursor, nor fill a page. For providers. A text that may hold a secret is
 * not made fit by this.
 */
public final class ForeignText {
    private static final int USUAL_CHARACTERS = 80;

    private ForeignText() {}

    /** {@link #shown(String, int)} with 80 characters. */
    public static String shown(String text) {
        return shown(text, USUAL_CHARACTERS);
    }

    /**
     * The text in visible ASCII and spaces: each other character is a question mark.
     *
     * @param most how many characters are shown; an ellipsis stands for the rest
     */
    public static String shown(String text, int most) {
        String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
        return clean.length() <= most ? clean : clean.substring(0, most) + "…";
    }
}
