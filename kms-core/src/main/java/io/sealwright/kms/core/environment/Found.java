package io.sealwright.kms.core.environment;

/**
 * A setting that was set.
 *
 * @param value what it says
 * @param where the property or variable that said it
 * @param text how it was said; a secret's shape
 */
record Found<T>(T value, String where, String text) {
    /** For errors: where, and what was found. */
    String told() {
        return where + "=" + text;
    }
}
