package io.sealwright.kms.spi;

import io.sealwright.kms.error.ConfigurationException;
import java.util.Locale;
import java.util.Objects;

/**
 * The name of a master key: a scheme, which chooses the provider, and the rest, which the provider reads.
 *
 * @param scheme lower case letters, digits, {@code +}, {@code -}, {@code .}; begins with a letter
 * @param rest everything behind the colon and, where they stand, the two slashes
 */
public record MasterKeyUri(String scheme, String rest) {
    /** Checks that both are there. */
    public MasterKeyUri {
        Objects.requireNonNull(scheme, "scheme");
        Objects.requireNonNull(rest, "rest");
    }

    /**
     * Reads {@code scheme://rest} or {@code scheme:rest}.
     *
     * @throws ConfigurationException if there is no scheme, nothing behind it, or user information (credentials never
     *     belong into a URI)
     */
    public static MasterKeyUri parse(String text) {
        int colon = text.indexOf(':');
        String scheme = colon < 1 ? "" : text.substring(0, colon).toLowerCase(Locale.ROOT);
        if (!scheme.matches("[a-z][a-z0-9+.-]*")) {
            throw new ConfigurationException(
                    "The text given is no master key URI.",
                    // Not shown: it may well be a key that was put into the wrong place.
                    "It has " + text.length() + " characters and does not begin with a scheme and a colon.",
                    "Give something like local://default or aws-kms://alias/app.");
        }
        boolean authority = text.startsWith("//", colon + 1);
        String rest = text.substring(colon + (authority ? 3 : 1));
        if (rest.isEmpty()) {
            throw new ConfigurationException(
                    "The master key URI '" + scheme + ":' names no key.",
                    "Nothing stands behind the scheme.",
                    "Give the key's name, as in " + scheme + "://default.");
        }
        if (authority && rest.split("/", 2)[0].contains("@")) {
            throw new ConfigurationException(
                    "The master key URI of scheme '" + scheme + "' holds user information.",
                    "Credentials in a URI end in logs and process lists.",
                    "Give credentials by the provider's own means, and leave the part before '@' out.");
        }
        return new MasterKeyUri(scheme, rest);
    }

    /** {@code scheme://rest}; {@code pkcs11:rest}, since RFC 7512 knows no authority. */
    @Override
    public String toString() {
        return scheme + (scheme.equals("pkcs11") ? ":" : "://") + rest;
    }
}
