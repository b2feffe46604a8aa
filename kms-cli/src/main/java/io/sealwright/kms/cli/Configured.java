package io.sealwright.kms.cli;

import io.sealwright.kms.spi.Variables;
import org.jspecify.annotations.Nullable;

/** Settings that the command line reads by itself, in the order of the library: the system property, then the variable. */
final class Configured {
    private Configured() {}

    /** Null if neither is set; what is empty is not set. */
    static @Nullable String by(Variables variables, String property, String variable) {
        String value = System.getProperty(property, "");
        return value.isEmpty() ? variables.value(variable).orElse(null) : value;
    }
}
