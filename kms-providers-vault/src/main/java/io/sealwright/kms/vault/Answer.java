package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.JsonObject;
import io.github.jopenlibs.vault.json.JsonValue;
import io.sealwright.kms.error.UnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * The server's own structured answer: JSON with what was asked for, or with {@code errors}. Nothing else becomes one, so
 * that a proxy's page never counts. What is missing in it is no answer. No record, since it may hold a key.
 */
final class Answer {
    /** The longest text of the server that goes into an error of ours. */
    private static final int MOST_TOLD = 160;

    private final String what;
    private final int status;
    private final JsonObject body;
    private final String told;

    Answer(String what, int status, JsonObject body, Predicate<String> harmless) {
        this.what = what;
        this.status = status;
        this.body = body;
        this.told = errors().stream()
                .map(error -> error.replaceAll("[^\\p{Graph} ]+", " ").trim())
                .filter(error -> error.length() <= MOST_TOLD && harmless.test(error))
                .findFirst()
                .map(error -> ": " + error)
                .orElse("");
    }

    int status() {
        return status;
    }

    boolean ok() {
        return status == 200 || status == 204;
    }

    /** Tells whether there are {@code errors} as the server gives them: texts, or none. Others put objects there. */
    boolean hasErrors() {
        JsonValue errors = body.get("errors");
        if (errors == null || !errors.isArray()) {
            return false;
        }
        for (JsonValue error : errors.asArray()) {
            if (!error.isString()) {
                return false;
            }
        }
        return true;
    }

    /** The server's texts in lower case; empty if there are none. */
    List<String> errors() {
        List<String> texts = new ArrayList<>();
        JsonValue errors = body.get("errors");
        if (errors != null && errors.isArray()) {
            for (JsonValue error : errors.asArray()) {
                if (error.isString()) {
                    texts.add(error.asString().toLowerCase(Locale.ROOT));
                }
            }
        }
        return texts;
    }

    /** What the server said, behind a colon, if it is short and harmless; for errors. */
    String told() {
        return told;
    }

    /** Tells whether one of the server's texts holds {@code part}, which is in lower case. */
    boolean says(String part) {
        return errors().stream().anyMatch(error -> error.contains(part));
    }

    /** The member {@code data}. */
    Part data() {
        return part("data");
    }

    /** Tells whether there is an object of that name. */
    boolean has(String name) {
        JsonValue value = body.get(name);
        return value != null && value.isObject();
    }

    /** The object of that name. */
    Part part(String name) {
        return new Part(body).part(name);
    }

    @Override
    public String toString() {
        return "Answer[" + what + ", HTTP " + status + "]";
    }

    /** An object in the answer, read with care. */
    final class Part {
        private final JsonObject object;

        Part(JsonObject object) {
            this.object = object;
        }

        JsonObject object() {
            return object;
        }

        Part part(String name) {
            JsonValue value = object.get(name);
            if (value == null || !value.isObject()) {
                throw lacking(name);
            }
            return new Part(value.asObject());
        }

        /** An array of exactly so many objects. */
        List<Part> parts(String name, int count) {
            JsonValue value = object.get(name);
            if (value == null || !value.isArray() || value.asArray().size() != count) {
                throw lacking(name);
            }
            List<Part> parts = new ArrayList<>();
            for (JsonValue one : value.asArray()) {
                if (!one.isObject()) {
                    throw lacking(name);
                }
                parts.add(new Part(one.asObject()));
            }
            return parts;
        }

        String text(String name) {
            JsonValue value = object.get(name);
            if (value == null || !value.isString() || value.asString().isEmpty()) {
                throw lacking(name);
            }
            return value.asString();
        }

        String text(String name, String otherwise) {
            JsonValue value = object.get(name);
            return value == null || !value.isString() ? otherwise : value.asString();
        }

        /** A text that may become a header: of visible ASCII alone. */
        String visible(String name) {
            String text = text(name);
            if (!text.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
                throw lacking(name);
            }
            return text;
        }

        boolean flag(String name) {
            JsonValue value = object.get(name);
            return value != null && value.isTrue();
        }

        long number(String name) {
            JsonValue value = object.get(name);
            if (value != null && value.isNumber()) {
                try {
                    return value.asLong();
                } catch (NumberFormatException e) {
                    // a fraction, or too long
                }
            }
            throw lacking(name);
        }
    }

    private UnavailableException lacking(String name) {
        return new UnavailableException(
                "The server gave no usable answer: " + what + ".",
                "Its answer lacks '" + name + "'.",
                "Check that the address is that of a Vault or OpenBao server of a release that docs/providers/VAULT.md names.");
    }
}
