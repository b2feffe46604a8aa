package io.sealwright.kms.core.environment;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One row of the table of settings.
 *
 * @param property the system property, or null if it has none: secrets, and what belongs to a vendor's own tools
 * @param variables environment variables that mean the same, the library's own first
 * @param builder the builder's way, or empty
 * @param parser how the text is read
 * @param fallback the default, for people
 * @param secret whether its value is never shown, and may come from a file as well
 */
record Setting<T>(
        @Nullable String property,
        List<String> variables,
        String builder,
        Parser<T> parser,
        String fallback,
        boolean secret) {
    /** Copies the list. */
    Setting {
        variables = List.copyOf(variables);
    }

    /** A setting of the library: the variable's name follows from the property's. */
    static <T> Setting<T> own(String property, String builder, Parser<T> parser, String fallback) {
        return new Setting<>(property, List.of(variableOf(property)), builder, parser, fallback, false);
    }

    /** The same, with the variable of a system that this library replaces beside it. */
    Setting<T> or(String variable) {
        List<String> all = new java.util.ArrayList<>(variables);
        all.add(variable);
        return new Setting<>(property, all, builder, parser, fallback, secret);
    }

    /** A variable of a vendor's tools, or of a system that this library replaces. */
    static <T> Setting<T> variable(String name, Parser<T> parser, String fallback) {
        return new Setting<>(null, List.of(name), "", parser, fallback, false);
    }

    /** A secret: {@code NAME}, or {@code NAME_FILE}. */
    static Setting<String> secret(String name, String allowed, String fallback) {
        return new Setting<>(null, List.of(name), "", Parser.text(allowed, "(?s).+"), fallback, true);
    }

    /** The variable that errors name. */
    String variable() {
        return variables.get(0);
    }

    private static String variableOf(String property) {
        return property.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }
}
