package io.sealwright.kms.core.crypto;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;

/** Reads vector files from {@code /vectors}; a missing one is a failure, never an empty suite. */
final class Vectors {
    private Vectors() {}

    /** Parses a JSON file, {@code .gz} or plain, such as {@code c2sp/xaes-256-gcm.json}. */
    static JsonNode json(String name) {
        try (InputStream raw = Vectors.class.getResourceAsStream("/vectors/" + name)) {
            if (raw == null) {
                throw new AssertionError("The vector file /vectors/" + name + " is missing.");
            }
            try (InputStream plain = name.endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
                return new ObjectMapper().readTree(plain);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("/vectors/" + name, e);
        }
    }

    /** A field of hex digits; a missing one is a failure. */
    static byte[] hex(JsonNode object, String field) {
        JsonNode value = object.get(field);
        if (value == null || !value.isTextual()) {
            throw new AssertionError("No hex field '" + field + "' in " + object);
        }
        return HexFormat.of().parseHex(value.textValue());
    }
}
