package io.sealwright.kms.core.namedkey;

import java.util.regex.Pattern;

/** What a key may be called: a name that is safe in files, shells and URIs as it stands. */
final class KeyNames {
    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private KeyNames() {}

    static boolean valid(String name) {
        return VALID.matcher(name).matches();
    }

    static void require(String name) {
        if (!valid(name)) {
            throw new IllegalArgumentException(
                    "a key's name has 1 to 128 of the characters A-Z a-z 0-9 . _ - and begins with a letter or digit");
        }
    }
}
