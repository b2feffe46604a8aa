package io.sealwright.kms.cli;

import io.sealwright.kms.EncryptionContext;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what {@code -c} and {@code -a} give. */
final class Bindings {
    private Bindings() {}

    static EncryptionContext context(List<String> pairs) {
        Map<String, String> context = new LinkedHashMap<>();
        for (String pair : pairs) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw Failure.usage(
                        "-c needs NAME=VALUE.", "There is no name or no '=' in it.", "Write it like -c tenant=acme.");
            }
            // What the JVM could not decode by the locale would be bound as something else than was typed.
            if (pair.indexOf('\uFFFD') >= 0) {
                throw Failure.usage(
                        "A value of -c cannot be read.",
                        "The system's character set (see: locale) does not know its characters.",
                        "Set LC_ALL to a UTF-8 locale, as C.UTF-8.");
            }
            String name = pair.substring(0, equals);
            if (context.put(name, pair.substring(equals + 1)) != null) {
                throw Failure.usage(
                        "-c gives the name '" + name + "' twice.",
                        "A context has one value a name.",
                        "Leave one of them out.");
            }
        }
        try {
            return EncryptionContext.of(context);
        } catch (IllegalArgumentException e) {
            throw Failure.usage("The context given by -c is refused.", e.getMessage() + ".", "Change it.");
        }
    }

    /** The bytes, or null if there are none. */
    static byte @Nullable [] associatedData(@Nullable String given) {
        if (given == null) {
            return null;
        }
        if (given.startsWith("@")) {
            String file = given.substring(1);
            try {
                return Files.readAllBytes(Failure.path(file));
            } catch (IOException e) {
                throw Failure.reading(file, e);
            }
        }
        try {
            return HexFormat.of().parseHex(given);
        } catch (IllegalArgumentException e) {
            throw Failure.usage(
                    "-a needs HEX or @FILE.",
                    "What was given is no even number of hexadecimal digits.",
                    "Write it like -a 00ff, or -a @row-id.bin.");
        }
    }
}
