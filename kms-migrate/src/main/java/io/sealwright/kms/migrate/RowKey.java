package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ConfigurationException;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;

/**
 * The key of a row: of a type that has one order, the same for {@code ORDER BY} and for {@code >}.
 *
 * @param value a {@link Long}, {@link BigDecimal}, {@link String} or {@link UUID}
 */
record RowKey(Object value) {
    /** A key as the driver gives it. */
    static RowKey of(Object value) {
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return new RowKey(((Number) value).longValue());
        }
        if (value instanceof Long || value instanceof BigDecimal || value instanceof String || value instanceof UUID) {
            return new RowKey(value);
        }
        throw new ConfigurationException(
                "The key column cannot be paged by.",
                "It holds values of " + value.getClass().getName()
                        + "; whole and decimal numbers, text and UUID can be.",
                "Name another unique column.");
    }

    /** As it stands in a checkpoint. */
    String position() {
        String kind =
                value instanceof Long ? "i" : value instanceof BigDecimal ? "d" : value instanceof UUID ? "u" : "t";
        return kind + ":" + name();
    }

    static RowKey atPosition(String position) {
        String text = position.substring(2);
        return new RowKey(
                switch (position.charAt(0)) {
                    case 'i' -> (Object) Long.valueOf(text);
                    case 'd' -> new BigDecimal(text);
                    case 'u' -> UUID.fromString(text);
                    default -> text;
                });
    }

    /** For people, and as associated data. */
    String name() {
        return value instanceof BigDecimal decimal ? decimal.toPlainString() : value.toString();
    }

    void bind(PreparedStatement statement, int index) throws SQLException {
        if (value instanceof Long number) {
            statement.setLong(index, number);
        } else if (value instanceof BigDecimal number) {
            statement.setBigDecimal(index, number);
        } else if (value instanceof String text) {
            statement.setString(index, text);
        } else {
            statement.setObject(index, value);
        }
    }
}
