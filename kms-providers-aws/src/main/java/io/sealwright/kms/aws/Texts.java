package io.sealwright.kms.aws;

/** Texts of others, made fit for errors. */
final class Texts {
    private static final int LONGEST = 80;

    private Texts() {}

    /** What a line about a key's health ends with. */
    static String ofConnection(boolean encrypted) {
        return encrypted ? "" : "; the connection is not encrypted";
    }

    /** Of visible ASCII and spaces alone, and not too long. */
    static String shown(String text) {
        String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
        return clean.length() <= LONGEST ? clean : clean.substring(0, LONGEST) + "…";
    }
}
