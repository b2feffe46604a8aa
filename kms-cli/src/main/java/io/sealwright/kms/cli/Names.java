package io.sealwright.kms.cli;

import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads and writes the names of keys, states, levels, suites and times. */
final class Names {
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private Names() {}

    static String key(String name) {
        if (!KEY.matcher(name).matches()) {
            throw Failure.usage(
                    "'" + name + "' is no name for a key.",
                    "Names have 1 to 128 letters, digits, dots, underscores and hyphens, and begin with a letter or digit.",
                    "Choose another.");
        }
        return name;
    }

    /** A version's number as an option gives it, or null. */
    static @Nullable Integer version(String key, @Nullable Integer number) {
        if (number != null && number < 1) {
            throw Failure.usage(
                    "--version needs a number from 1.",
                    "There is no version " + number + ".",
                    "See: kms key show " + key);
        }
        return number;
    }

    static KeySpec spec(String text) {
        return named("--spec", KeySpec.values(), text, spec -> -1);
    }

    static SecurityLevel level(String option, String text) {
        return named(option, SecurityLevel.values(), text, SecurityLevel::id);
    }

    static Suite suite(String text) {
        return named("--suite", Suite.values(), text, Suite::id);
    }

    static Instant time(String option, String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            throw Failure.usage(
                    option + " needs a time in ISO 8601.",
                    "'" + text + "' is none with date, time and zone.",
                    "Write it like 2030-01-31T12:00:00Z.");
        }
    }

    /** A length of time in ISO 8601, within bounds. */
    static Duration duration(String option, String text, Duration least, Duration most) {
        try {
            Duration given = Duration.parse(text);
            if (given.compareTo(least) >= 0 && given.compareTo(most) <= 0) {
                return given;
            }
        } catch (DateTimeException e) {
            // Said below.
        }
        String bounds = days(least) + " to " + days(most);
        throw Failure.usage(
                option + " needs a length of time of " + bounds + ".",
                "'" + text
                        + "' is none: days are written as P30D, hours as PT12H; months and years have no fixed length.",
                "Write it so.");
    }

    /** How often a key is rotated. */
    static Duration rotation(String text) {
        return duration("--rotate-every", text, KeyOptions.SHORTEST_ROTATION, KeyOptions.LONGEST_ROTATION);
    }

    private static String days(Duration time) {
        return time.toDays() > 0 ? "P" + time.toDays() + "D" : time.toString();
    }

    /** In the documents' words, as {@code pre-active}. */
    static String state(KeyState state) {
        return state.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static <E extends Enum<E>> E named(String option, E[] values, String text, ToIntFunction<E> number) {
        String wanted = text.toUpperCase(Locale.ROOT).replace('-', '_');
        for (E value : values) {
            if (value.name().equals(wanted) || text.equals(Integer.toString(number.applyAsInt(value)))) {
                return value;
            }
        }
        throw Failure.usage(
                option + " does not know '" + text + "'.",
                "There are: " + Arrays.stream(values).map(Enum::name).collect(Collectors.joining(", ")) + ".",
                "Give one of them.");
    }
}
