package io.sealwright.kms.vault;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ForeignText;
import io.sealwright.kms.spi.MasterKeyUri;
import java.util.regex.Pattern;

/** Paths on the server: of safe characters alone, so that no name can reach another path, query or host. */
final class Names {
    private static final Pattern SEGMENTS = Pattern.compile("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*");
    private static final int LONGEST = 1024;

    private Names() {}

    /**
     * Checks a URI's path of at least two segments.
     *
     * @param form how it should look, for the error
     */
    static String path(MasterKeyUri uri, String form) {
        String path = uri.rest();
        if (!path.contains("/") || !isPath(path)) {
            throw new ConfigurationException(
                    "The master key URI " + ForeignText.shown(uri.toString()) + " cannot be used.",
                    "It must be " + form
                            + ", of A-Z a-z 0-9 . _ - and slashes; the server's address does not belong there.",
                    "Correct it; the address comes from VAULT_ADDR or VaultOptions, and names no key.");
        }
        return path;
    }

    static boolean isPath(String path) {
        if (path.length() > LONGEST || !SEGMENTS.matcher(path).matches()) {
            return false;
        }
        for (String segment : path.split("/")) {
            if (segment.equals(".") || segment.equals("..")) {
                return false;
            }
        }
        return true;
    }
}
