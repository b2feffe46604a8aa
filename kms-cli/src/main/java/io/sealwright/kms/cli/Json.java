package io.sealwright.kms.cli;

import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Writes one JSON object in one line. A writer of a page, since a library would take longer to load than to work. */
final class Json {
    private final StringBuilder out;
    private boolean empty = true;

    private Json(StringBuilder out) {
        this.out = out;
    }

    static String object(Consumer<Json> members) {
        StringBuilder out = new StringBuilder();
        write(out, members);
        return out.toString();
    }

    Json put(String name, @Nullable String value) {
        member(name).append(value == null ? "null" : Printable.json(value));
        return this;
    }

    Json put(String name, @Nullable Long value) {
        member(name).append(value);
        return this;
    }

    Json put(String name, int value) {
        member(name).append(value);
        return this;
    }

    /** Two places behind the point. */
    Json putDecimal(String name, double value) {
        member(name).append(String.format(Locale.ROOT, "%.2f", value));
        return this;
    }

    Json put(String name, boolean value) {
        member(name).append(value);
        return this;
    }

    Json putNull(String name) {
        member(name).append("null");
        return this;
    }

    Json putObject(String name, Consumer<Json> members) {
        member(name);
        write(out, members);
        return this;
    }

    Json putNumbers(String name, Iterable<Integer> numbers) {
        member(name).append('[');
        String comma = "";
        for (int number : numbers) {
            out.append(comma).append(number);
            comma = ",";
        }
        out.append(']');
        return this;
    }

    <T> Json putObjects(String name, Iterable<T> elements, java.util.function.BiConsumer<Json, T> members) {
        member(name).append('[');
        String comma = "";
        for (T element : elements) {
            out.append(comma);
            comma = ",";
            write(out, json -> members.accept(json, element));
        }
        out.append(']');
        return this;
    }

    private StringBuilder member(String name) {
        if (!empty) {
            out.append(',');
        }
        empty = false;
        return out.append(Printable.json(name)).append(':');
    }

    private static void write(StringBuilder out, Consumer<Json> members) {
        out.append('{');
        members.accept(new Json(out));
        out.append('}');
    }
}
