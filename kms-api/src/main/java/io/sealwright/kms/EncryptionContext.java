package io.sealwright.kms;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Authenticated name/value pairs bound to the key of a message. They stand in the message's header in the clear, and a
 * provider logs them; opening must state exactly the same pairs. Meant for few distinct values (tenant, purpose): each
 * costs a data key. What differs from message to message (a row id) belongs into the associated data.
 *
 * <p>Immutable. At most 8192 bytes in the canonical encoding: pairs sorted by the names' UTF-8 bytes, each name and
 * value prefixed by its length in two bytes, big-endian.
 */
public final class EncryptionContext {
    /** The most bytes a context may have in its canonical encoding. */
    public static final int MAX_BYTES = 8192;

    /** Names that begin so are the library's own; callers cannot use them. */
    public static final String RESERVED_PREFIX = "sealwright:";

    private static final EncryptionContext EMPTY = new EncryptionContext(Collections.emptyMap(), new byte[0]);

    private final Map<String, String> pairs;
    private final byte[] encoded;
    private final int hash;

    private EncryptionContext(Map<String, String> sorted, byte[] encoded) {
        this.pairs = sorted;
        this.encoded = encoded;
        this.hash = Arrays.hashCode(encoded);
    }

    /** No pairs. */
    public static EncryptionContext empty() {
        return EMPTY;
    }

    /**
     * One pair.
     *
     * @throws IllegalArgumentException as for {@link #of(Map)}
     */
    public static EncryptionContext of(String name, String value) {
        return of(Map.of(name, value));
    }

    /**
     * The given pairs, in any order.
     *
     * @throws IllegalArgumentException if a name is empty or reserved, a name or value has an unpaired surrogate, or
     *     the whole is too long
     */
    public static EncryptionContext of(Map<String, String> pairs) {
        for (String name : pairs.keySet()) {
            if (name.startsWith(RESERVED_PREFIX)) {
                throw new IllegalArgumentException(
                        "context names that begin with '" + RESERVED_PREFIX + "' are the library's own");
            }
        }
        return encode(pairs);
    }

    /**
     * These pairs and one more.
     *
     * @throws IllegalArgumentException if the name stands already, or as for {@link #of(Map)}
     */
    public EncryptionContext and(String name, String value) {
        if (pairs.containsKey(name)) {
            throw new IllegalArgumentException("context name given twice");
        }
        Map<String, String> more = new LinkedHashMap<>(pairs);
        more.put(name, value);
        return of(more);
    }

    /**
     * Reads the canonical encoding, reserved names included: for engines and providers.
     *
     * @param encoded read during the call
     * @throws IllegalArgumentException if it is not the canonical encoding of any pairs
     */
    public static EncryptionContext decode(byte[] encoded) {
        if (encoded.length == 0) {
            return EMPTY;
        }
        if (encoded.length > MAX_BYTES) {
            throw new IllegalArgumentException("context over " + MAX_BYTES + " bytes");
        }
        ByteBuffer in = ByteBuffer.wrap(encoded);
        Map<String, String> pairs = new LinkedHashMap<>();
        byte[] before = null;
        while (in.hasRemaining()) {
            byte[] name = part(in);
            if (name.length == 0) {
                throw new IllegalArgumentException("context name is empty");
            }
            if (before != null && Arrays.compareUnsigned(before, name) >= 0) {
                throw new IllegalArgumentException("context names are not sorted, or one stands twice");
            }
            before = name;
            pairs.put(text(name), text(part(in)));
        }
        return new EncryptionContext(Collections.unmodifiableMap(pairs), encoded.clone());
    }

    /**
     * The given pairs, reserved names allowed: for engines, which bind stored keys by them.
     *
     * @throws IllegalArgumentException as for {@link #of(Map)}, reserved names excepted
     */
    public static EncryptionContext encode(Map<String, String> pairs) {
        if (pairs.isEmpty()) {
            return EMPTY;
        }
        TreeMap<byte[], byte[]> sorted = new TreeMap<>(Arrays::compareUnsigned);
        int size = 0;
        for (Map.Entry<String, String> pair : pairs.entrySet()) {
            byte[] name = utf8(pair.getKey(), "name");
            byte[] value = utf8(pair.getValue(), "value");
            if (name.length == 0) {
                throw new IllegalArgumentException("context name is empty");
            }
            size += 4 + name.length + value.length;
            if (size > MAX_BYTES) {
                throw new IllegalArgumentException("context over " + MAX_BYTES + " bytes");
            }
            sorted.put(name, value);
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        Map<String, String> ordered = new LinkedHashMap<>();
        sorted.forEach((name, value) -> {
            out.putShort((short) name.length).put(name);
            out.putShort((short) value.length).put(value);
            ordered.put(new String(name, StandardCharsets.UTF_8), new String(value, StandardCharsets.UTF_8));
        });
        return new EncryptionContext(Collections.unmodifiableMap(ordered), out.array());
    }

    /** The pairs in canonical order; unmodifiable. */
    public Map<String, String> pairs() {
        return pairs;
    }

    /** The canonical encoding; a copy. */
    public byte[] encoded() {
        return encoded.clone();
    }

    /** Length of the canonical encoding in bytes. */
    public int encodedLength() {
        return encoded.length;
    }

    /** Tells whether the canonical encoding equals a range of {@code bytes}; without a copy. */
    public boolean encodedEquals(byte[] bytes, int from, int to) {
        return Arrays.equals(encoded, 0, encoded.length, bytes, from, to);
    }

    /** Tells whether there are no pairs. */
    public boolean isEmpty() {
        return encoded.length == 0;
    }

    /** Tells whether any name is one of the library's own. */
    public boolean hasReservedNames() {
        return pairs.keySet().stream().anyMatch(name -> name.startsWith(RESERVED_PREFIX));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || other instanceof EncryptionContext that && Arrays.equals(encoded, that.encoded);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** The names alone: values may be personal data, and this text ends in logs. */
    @Override
    public String toString() {
        return "EncryptionContext" + pairs.keySet();
    }

    private static byte[] part(ByteBuffer in) {
        if (in.remaining() < 2) {
            throw new IllegalArgumentException("context is cut");
        }
        int length = Short.toUnsignedInt(in.getShort());
        if (in.remaining() < length) {
            throw new IllegalArgumentException("context is cut");
        }
        byte[] part = new byte[length];
        in.get(part);
        return part;
    }

    private static String text(byte[] utf8) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("context is not UTF-8", e);
        }
    }

    private static byte[] utf8(String text, String part) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(text));
            byte[] exact = new byte[bytes.remaining()];
            bytes.get(exact);
            return exact;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("context " + part + " has an unpaired surrogate", e);
        }
    }
}
