package io.sealwright.kms.migrate;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The order of the fields of raw AES-GCM data: parts behind separating characters, each of fields that follow each other
 * without anything between.
 *
 * @param parts the parts, each with its fields in order
 * @param separators what stands between the parts; one less than parts
 * @param ivBytes length of the IV
 */
record RawLayout(List<List<Field>> parts, List<Character> separators, int ivBytes) {
    static final int TAG_BYTES = 16;

    private static final String SEPARATORS = ":.,;$";

    /** What raw data is made of. */
    enum Field {
        IV,
        CIPHERTEXT,
        TAG
    }

    /** What was found in one piece of data. */
    record Fields(byte[] iv, byte[] ciphertext, byte[] tag) {}

    RawLayout {
        parts = parts.stream().map(List::copyOf).toList();
        separators = List.copyOf(separators);
    }

    /**
     * Reads a description such as {@code iv|ciphertext|tag} or {@code iv:tag:ciphertext}.
     *
     * @throws IllegalArgumentException if it is none, or lacks a field
     */
    static RawLayout parse(String text, int ivBytes) {
        if (ivBytes != 12 && ivBytes != 16) {
            throw new IllegalArgumentException("an IV has 12 or 16 bytes, not " + ivBytes);
        }
        List<List<Field>> parts = new ArrayList<>(List.of(new ArrayList<>()));
        List<Character> separators = new ArrayList<>();
        int from = 0;
        for (int i = 0; i <= text.length(); i++) {
            char c = i == text.length() ? '|' : text.charAt(i);
            if (c != '|' && SEPARATORS.indexOf(c) < 0) {
                continue;
            }
            parts.get(parts.size() - 1).add(field(text.substring(from, i)));
            from = i + 1;
            if (c != '|') {
                separators.add(c);
                parts.add(new ArrayList<>());
            }
        }
        List<Field> all = parts.stream().flatMap(List::stream).toList();
        if (all.size() != Field.values().length || !Set.copyOf(all).containsAll(List.of(Field.values()))) {
            throw new IllegalArgumentException(
                    "a layout has iv, ciphertext and tag, once each: iv|ciphertext|tag, or iv:tag:ciphertext");
        }
        return new RawLayout(parts, separators, ivBytes);
    }

    private static Field field(String name) {
        for (Field field : Field.values()) {
            if (field.name().toLowerCase(Locale.ROOT).equals(name)) {
                return field;
            }
        }
        throw new IllegalArgumentException("'" + name + "' is no field: they are iv, ciphertext and tag, with | between"
                + " fields that follow each other, or one of " + SEPARATORS + " where the data has it");
    }

    boolean isSeparated() {
        return !separators.isEmpty();
    }

    /** The texts of the parts; empty if the separators are not there. */
    Optional<List<String>> split(String text) {
        List<String> found = new ArrayList<>();
        int from = 0;
        for (char separator : separators) {
            int at = text.indexOf(separator, from);
            if (at < 0) {
                return Optional.empty();
            }
            found.add(text.substring(from, at));
            from = at + 1;
        }
        found.add(text.substring(from));
        return Optional.of(found);
    }

    /** The fields of decoded parts; empty if they are too short or too long. */
    Optional<Fields> fields(List<byte[]> decoded) {
        Map<Field, byte[]> found = new EnumMap<>(Field.class);
        for (int i = 0; i < parts.size(); i++) {
            byte[] part = decoded.get(i);
            int open = part.length;
            for (Field field : parts.get(i)) {
                open -= length(field);
            }
            boolean hasOpen = parts.get(i).contains(Field.CIPHERTEXT);
            if (open < 0 || open > 0 && !hasOpen) {
                return Optional.empty();
            }
            int at = 0;
            for (Field field : parts.get(i)) {
                int length = field == Field.CIPHERTEXT ? open : length(field);
                byte[] bytes = new byte[length];
                System.arraycopy(part, at, bytes, 0, length);
                found.put(field, bytes);
                at += length;
            }
        }
        return Optional.of(new Fields(
                found.getOrDefault(Field.IV, new byte[0]),
                found.getOrDefault(Field.CIPHERTEXT, new byte[0]),
                found.getOrDefault(Field.TAG, new byte[0])));
    }

    private int length(Field field) {
        return switch (field) {
            case IV -> ivBytes;
            case TAG -> TAG_BYTES;
            case CIPHERTEXT -> 0;
        };
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            if (i > 0) {
                out.append(separators.get(i - 1));
            }
            out.append(String.join(
                    "|",
                    parts.get(i).stream()
                            .map(field -> field.name().toLowerCase(Locale.ROOT))
                            .toList()));
        }
        return out.append(", IV of ").append(ivBytes).append(" bytes").toString();
    }
}
