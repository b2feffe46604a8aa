package io.sealwright.kms.migrate;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** A row as it was read. */
final class Row implements Item {
    private final RowKey key;
    private final Object value;
    private final byte @Nullable [] message;

    Row(RowKey key, Object value) {
        this.key = key;
        this.value = value;
        this.message = value instanceof byte[] bytes ? bytes : fromToken(value.toString());
    }

    /** A message in text is a token: base64url without padding, and no other spelling. */
    private static byte @Nullable [] fromToken(String text) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(text);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(text) ? bytes : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    @Override
    public String name() {
        return key.name();
    }

    @Override
    public String position() {
        return key.position();
    }

    @Override
    public byte @Nullable [] message() {
        return message;
    }

    @Override
    public boolean mustBeMessage() {
        return true;
    }

    RowKey key() {
        return key;
    }

    byte[] data() {
        return value instanceof byte[] bytes ? bytes : value.toString().getBytes(StandardCharsets.UTF_8);
    }

    long size() {
        return value instanceof byte[] bytes
                ? bytes.length
                : 2L * value.toString().length();
    }

    void bindOld(PreparedStatement statement, int index) throws SQLException {
        bind(statement, index, value);
    }

    void bindNew(PreparedStatement statement, int index, byte[] content) throws SQLException {
        bind(
                statement,
                index,
                value instanceof byte[]
                        ? content
                        : Base64.getUrlEncoder().withoutPadding().encodeToString(content));
    }

    private static void bind(PreparedStatement statement, int index, Object value) throws SQLException {
        if (value instanceof byte[] bytes) {
            statement.setBytes(index, bytes);
        } else {
            statement.setString(index, value.toString());
        }
    }
}
