package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.KeyReplacement.ErasedVersion;
import io.sealwright.kms.spi.StoredVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes whole keys over what there is of them. */
final class Replacements {
    private Replacements() {}

    /** A row as it is; wraps are null if they were erased, or are not for us to read. */
    private record Row(int number, byte @Nullable [] id, byte @Nullable [] wraps) {}

    /**
     * Puts a key in the place of what there is of it.
     *
     * @return whether wraps were replaced or erased
     */
    static boolean put(Connection connection, KeyRows keyRows, KeyReplacement key) throws SQLException {
        Map<Integer, byte[]> ids = new HashMap<>();
        key.versions().forEach(version -> ids.put(version.number(), version.id()));
        key.erased().forEach(version -> ids.put(version.number(), version.id()));
        List<Row> rows = Sql.list(
                connection,
                "SELECT number, CASE WHEN octet_length(id) = 16 THEN id END,"
                        + " CASE WHEN octet_length(wraps) <= ? THEN wraps END FROM kms_version WHERE name = ?",
                row -> new Row(row.getInt(1), row.getBytes(2), row.getBytes(3)),
                StoredVersion.MAX_WRAPS_BYTES,
                key.name());
        boolean traces = false;
        // Rows of other versions, or of the same under other numbers: only an empty place takes the new ones.
        if (!rows.stream().allMatch(row -> isOneOf(ids, row))) {
            for (Row row : rows) {
                traces |= keyRows.erase(connection, key.name(), row.number());
            }
            Sql.update(connection, "DELETE FROM kms_version WHERE name = ?", key.name());
            rows = List.of();
        }
        KeyRows.overwriteManifest(connection, key);
        Map<Integer, byte @Nullable []> there = new HashMap<>();
        rows.forEach(row -> there.put(row.number(), row.wraps()));
        for (StoredVersion version : key.versions()) {
            if (!Arrays.equals(there.get(version.number()), version.wraps())) {
                traces |= KeyRows.put(connection, key.name(), version);
            }
        }
        for (ErasedVersion version : key.erased()) {
            if (there.containsKey(version.number())) {
                traces |= keyRows.erase(connection, key.name(), version.number());
            } else {
                // By way of a byte that is erased at once: then the same checks hold as for every other version.
                StoredVersion empty = new StoredVersion(version.number(), version.id(), new byte[1]);
                boolean unused = KeyRows.put(connection, key.name(), empty);
                unused = keyRows.erase(connection, key.name(), version.number());
            }
        }
        KeyRows.checkExtent(connection, key.name());
        return traces;
    }

    /** Whether all keys are as they were to become. */
    static boolean made(Connection connection, List<KeyReplacement> keys) throws SQLException {
        for (KeyReplacement key : keys) {
            if (!KeyRows.made(connection, key.name(), key.newGeneration(), key.manifest())) {
                return false;
            }
        }
        return true;
    }

    private static boolean isOneOf(Map<Integer, byte[]> ids, Row row) {
        byte[] id = ids.get(row.number());
        return id != null && Arrays.equals(id, row.id());
    }
}
