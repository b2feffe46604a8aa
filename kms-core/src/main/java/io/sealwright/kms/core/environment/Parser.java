package io.sealwright.kms.core.environment;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a setting's text becomes its value.
 *
 * @param allowed what may stand there, for errors and for the table in the docs
 * @param read gives the value, or null if the text is none
 */
record Parser<T>(String allowed, Function<String, @Nullable T> read) {
    private static final Pattern AMOUNT = Pattern.compile("(-?[0-9]{1,18}(?:\\.[0-9]{1,9})?) ?([A-Za-z]*)");
    private static final Map<String, Duration> UNITS = Map.of(
            "", Duration.ofMillis(1),
            "ms", Duration.ofMillis(1),
            "s", Duration.ofSeconds(1),
            "m", Duration.ofMinutes(1),
            "h", Duration.ofHours(1),
            "d", Duration.ofDays(1));
    private static final Map<String, Long> SIZES =
            Map.of("", 1L, "b", 1L, "kib", 1L << 10, "mib", 1L << 20, "gib", 1L << 30);

    /** Text as it is. */
    static Parser<String> text(String allowed, String pattern) {
        Pattern compiled = Pattern.compile(pattern);
        return new Parser<>(allowed, text -> compiled.matcher(text).matches() ? text : null);
    }

    /** One of some words, whatever their case. */
    static <T> Parser<T> words(Map<String, T> words) {
        Map<String, T> sorted = new TreeMap<>(words);
        return new Parser<>(String.join(" | ", sorted.keySet()), text -> sorted.get(text.toLowerCase(Locale.ROOT)));
    }

    /** {@code true} or {@code false}; {@code on}, {@code yes}, {@code 1} and their opposites as well. */
    static Parser<Boolean> bool() {
        Map<String, Boolean> words = Map.of(
                "true", true, "on", true, "yes", true, "1", true, "false", false, "off", false, "no", false, "0",
                false);
        return new Parser<>("true | false", text -> words.get(text.toLowerCase(Locale.ROOT)));
    }

    /** A number with a unit (ms s m h d); without one, milliseconds; or ISO 8601 as {@code PT5M}. */
    static Parser<Duration> duration(Duration least, Duration most) {
        return new Parser<>("duration, " + shown(least) + " to " + shown(most), text -> {
            Duration value = duration(text);
            return value == null || value.compareTo(least) < 0 || value.compareTo(most) > 0 ? null : value;
        });
    }

    /** A whole number. */
    static Parser<Long> count(long least, long most) {
        return new Parser<>(least + " to " + most, text -> {
            Long value = text.matches("[0-9]{1,18}") ? Long.valueOf(text) : null;
            return value == null || value < least || value > most ? null : value;
        });
    }

    /** Bytes, with a unit (KiB MiB GiB) or without. */
    static Parser<Long> size(long least, long most) {
        return new Parser<>("size, " + shownSize(least) + " to " + shownSize(most), text -> {
            Matcher matcher = AMOUNT.matcher(text);
            Long unit = matcher.matches() ? SIZES.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
            if (unit == null
                    || matcher.group(1).contains(".")
                    || matcher.group(1).length() > 15) {
                return null;
            }
            BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit));
            boolean fits =
                    bytes.compareTo(BigDecimal.valueOf(least)) >= 0 && bytes.compareTo(BigDecimal.valueOf(most)) <= 0;
            return fits ? (Long) bytes.longValueExact() : null;
        });
    }

    /** Words between white space. */
    static Parser<List<String>> list(String what) {
        return new Parser<>(what, text -> {
            List<String> words = new ArrayList<>(List.of(text.trim().split("\\s+")));
            return words.contains("") ? null : words;
        });
    }

    private static @Nullable Duration duration(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        Duration unit = matcher.matches() ? UNITS.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
        try {
            if (unit == null) {
                return text.startsWith("P") || text.startsWith("p") ? Duration.parse(text) : null;
            }
            return Duration.ofNanos(new BigDecimal(matcher.group(1))
                    .multiply(BigDecimal.valueOf(unit.toNanos()))
                    .longValueExact());
        } catch (ArithmeticException | DateTimeException e) {
            return null;
        }
    }

    /** A duration as these texts spell it. */
    static String shown(Duration duration) {
        if (duration.isZero()) {
            return "0";
        }
        for (String unit : List.of("d", "h", "m", "s")) {
            long nanos = Objects.requireNonNull(UNITS.get(unit)).toNanos();
            if (duration.toNanos() % nanos == 0) {
                return duration.toNanos() / nanos + unit;
            }
        }
        return duration.toMillis() + "ms";
    }

    private static String shownSize(long bytes) {
        for (String unit : List.of("GiB", "MiB", "KiB")) {
            long one = Objects.requireNonNull(SIZES.get(unit.toLowerCase(Locale.ROOT)));
            if (bytes % one == 0) {
                return bytes / one + unit;
            }
        }
        return Long.toString(bytes);
    }
}
