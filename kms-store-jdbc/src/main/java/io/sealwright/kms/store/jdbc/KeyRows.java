package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The rows of one key, read and written within the caller's transaction. */
final class KeyRows {
    static final int MAX_NAME_BYTES = 128;

    /** More rows than this are not read into memory, whatever their length. */
    private static final int MAX_VERSIONS = 1_000_000;

    /** So many keys are looked at a time when all are read. */
    private static final int KEYS_AT_ONCE = 1_000;

    private final Dialect dialect;
    private final String place;

    KeyRows(Dialect dialect, String place) {
        this.dialect = dialect;
        this.place = place;
    }

    private record Extent(long rows, long bytes, long wrong) {}

    private record Found(long generation, long length, byte @Nullable [] manifest, Extent extent) {}

    /** Lengths are read first: a file that was tampered with must not fill the memory. */
    Optional<StoredKey> read(Connection connection, String name) throws SQLException {
        Optional<Found> found = Sql.first(
                connection,
                "SELECT generation, octet_length(manifest),"
                        + " CASE WHEN octet_length(manifest) <= ? THEN manifest END, versions, bytes, wrong"
                        + " FROM kms_key, (SELECT count(*) AS versions, coalesce(sum(octet_length(wraps)), 0) AS bytes,"
                        + " coalesce(sum(CASE WHEN number BETWEEN 1 AND 2147483647 AND octet_length(id) = 16"
                        + " AND octet_length(wraps) BETWEEN 1 AND ? THEN 0 ELSE 1 END), 0) AS wrong"
                        + " FROM kms_version WHERE name = ? AND wraps IS NOT NULL) AS extent WHERE name = ?",
                row -> new Found(
                        row.getLong(1),
                        row.getLong(2),
                        row.getBytes(3),
                        new Extent(row.getLong(4), row.getLong(5), row.getLong(6))),
                StoredKey.MAX_MANIFEST_BYTES,
                StoredVersion.MAX_WRAPS_BYTES,
                name,
                name);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        byte[] manifest = check(name, found.get());
        List<StoredVersion> versions = Sql.list(
                connection,
                "SELECT number, id, wraps FROM kms_version WHERE name = ? AND wraps IS NOT NULL ORDER BY number",
                row -> new StoredVersion(row.getInt(1), row.getBytes(2), row.getBytes(3)),
                name);
        return Optional.of(new StoredKey(name, found.get().generation(), manifest, versions));
    }

    /** The next keys after one, by name; an empty list behind the last. */
    List<Outline> outlines(Connection connection, String after) throws SQLException {
        return Sql.list(
                connection,
                "SELECT CASE WHEN octet_length(k.name) <= ? THEN k.name END, k.generation, k.length, count(v.number),"
                        + " coalesce(sum(octet_length(v.wraps)), 0), coalesce(sum(CASE WHEN v.number IS NULL"
                        + " OR (v.number BETWEEN 1 AND 2147483647 AND octet_length(v.id) = 16"
                        + " AND octet_length(v.wraps) BETWEEN 1 AND ?) THEN 0 ELSE 1 END), 0)"
                        + " FROM (SELECT name, generation, octet_length(manifest) AS length FROM kms_key WHERE name > ?"
                        + " ORDER BY name LIMIT ?) AS k"
                        + " LEFT JOIN kms_version AS v ON v.name = k.name AND v.wraps IS NOT NULL"
                        + " GROUP BY k.name, k.generation, k.length ORDER BY k.name",
                row -> outline(
                        row.getString(1),
                        row.getLong(2),
                        row.getLong(3),
                        new Extent(row.getLong(4), row.getLong(5), row.getLong(6))),
                MAX_NAME_BYTES,
                StoredVersion.MAX_WRAPS_BYTES,
                after,
                KEYS_AT_ONCE);
    }

    private Outline outline(@Nullable String name, long generation, long manifest, Extent extent) {
        if (name == null) {
            throw StoreErrors.corrupt(place, "A key's name is longer than " + MAX_NAME_BYTES + " bytes.");
        }
        long bytes = manifest + extent.bytes();
        boolean sound =
                generation >= 1 && extent.wrong() == 0 && bytes <= Outline.MOST_BYTES && extent.rows() <= KEYS_AT_ONCE;
        return new Outline(name, bytes, sound);
    }

    /** All keys of these names and between; their outlines must be known, and sound. */
    List<StoredKey> readRange(Connection connection, String first, String last) throws SQLException {
        Map<String, List<StoredVersion>> versions = new HashMap<>();
        Sql.list(
                connection,
                "SELECT name, number, id, wraps FROM kms_version WHERE name BETWEEN ? AND ? AND wraps IS NOT NULL"
                        + " ORDER BY name, number",
                row -> versions.computeIfAbsent(row.getString(1), name -> new ArrayList<>())
                        .add(new StoredVersion(row.getInt(2), row.getBytes(3), row.getBytes(4))),
                first,
                last);
        return Sql.list(
                connection,
                "SELECT name, generation, manifest FROM kms_key WHERE name BETWEEN ? AND ? ORDER BY name",
                row -> new StoredKey(
                        row.getString(1),
                        row.getLong(2),
                        row.getBytes(3),
                        versions.getOrDefault(row.getString(1), List.of())),
                first,
                last);
    }

    private byte[] check(String name, Found found) {
        if (found.length() > StoredKey.MAX_MANIFEST_BYTES) {
            throw StoreErrors.tooLong(place, "the manifest of key '" + name + "'", found.length());
        }
        byte[] manifest = found.manifest();
        if (manifest == null || found.generation() < 1) {
            throw StoreErrors.corrupt(
                    place, "The row of key '" + name + "' was changed by something else than this library.");
        }
        Extent extent = found.extent();
        if (tooMuch(extent)) {
            throw StoreErrors.tooLong(place, "the wraps of key '" + name + "'", extent.bytes());
        }
        if (extent.wrong() > 0) {
            throw StoreErrors.corrupt(
                    place, "Versions of key '" + name + "' were changed by something else than this library.");
        }
        return manifest;
    }

    private static boolean tooMuch(Extent extent) {
        return extent.rows() > MAX_VERSIONS || extent.bytes() > StoredKey.MAX_TOTAL_WRAPS_BYTES;
    }

    /** Makes the change if the key's generation is the expected one; else nothing is changed. */
    boolean apply(Connection connection, KeyChange change, Transactions.Outcome outcome) throws SQLException {
        if (!putManifest(connection, change)) {
            return false;
        }
        for (int number : change.erase()) {
            if (erase(connection, change.name(), number)) {
                outcome.leavesTraces();
            }
        }
        for (StoredVersion version : change.put()) {
            if (put(connection, change.name(), version)) {
                outcome.leavesTraces();
            }
        }
        checkExtent(connection, change.name());
        return true;
    }

    /** Compares and sets in one statement, which waits for whoever changes the same row, and then compares anew. */
    private static boolean putManifest(Connection connection, KeyChange change) throws SQLException {
        int changed = change.expectedGeneration() == 0
                ? Sql.update(
                        connection,
                        "INSERT INTO kms_key (name, generation, manifest, due_millis) VALUES (?, ?, ?, ?)"
                                + " ON CONFLICT (name) DO NOTHING",
                        change.name(),
                        change.newGeneration(),
                        change.manifest(),
                        millis(change.dueAt()))
                : Sql.update(
                        connection,
                        "UPDATE kms_key SET generation = ?, manifest = ?, due_millis = ?"
                                + " WHERE name = ? AND generation = ?",
                        change.newGeneration(),
                        change.manifest(),
                        millis(change.dueAt()),
                        change.name(),
                        change.expectedGeneration());
        return changed == 1;
    }

    /**
     * Puts a manifest in the place of whatever there is; or of nothing, if nothing is expected: a row that is not there
     * cannot be locked, so that another transaction may have put one meanwhile, which must not be overwritten unseen.
     */
    static void overwriteManifest(Connection connection, KeyReplacement key) throws SQLException {
        String insert = "INSERT INTO kms_key (name, generation, manifest, due_millis) VALUES (?, ?, ?, ?)";
        String overwrite = " ON CONFLICT (name) DO UPDATE SET generation = excluded.generation,"
                + " manifest = excluded.manifest, due_millis = excluded.due_millis";
        boolean none = key.expectedGeneration() == 0;
        int put = Sql.update(
                connection,
                insert + (none ? " ON CONFLICT (name) DO NOTHING" : overwrite),
                key.name(),
                key.newGeneration(),
                key.manifest(),
                millis(key.dueAt()));
        if (none && put == 0) {
            throw new SQLTransactionRollbackException("another transaction made the key meanwhile", "40001");
        }
    }

    private static @Nullable Long millis(@Nullable Instant dueAt) {
        return dueAt == null ? null : dueAt.toEpochMilli();
    }

    /** Whether a key is as a change leaves it: no two changes have the same manifest, which is authenticated. */
    static boolean made(Connection connection, String name, long generation, byte[] manifest) throws SQLException {
        return Sql.first(
                        connection,
                        "SELECT 1 FROM kms_key WHERE name = ? AND generation = ? AND manifest = ?",
                        row -> true,
                        name,
                        generation,
                        manifest)
                .isPresent();
    }

    /** A key's generation, 0 if it is not there; nobody else changes it until this transaction ends. */
    long lock(Connection connection, String name) throws SQLException {
        return Sql.first(
                        connection,
                        "SELECT generation FROM kms_key WHERE name = ?" + dialect.lockRows(),
                        row -> row.getLong(1),
                        name)
                .orElse(0L);
    }

    /**
     * Holds the rows of a key against the bounds.
     *
     * @throws IllegalArgumentException if they are beyond
     */
    static void checkExtent(Connection connection, String name) throws SQLException {
        Extent extent = extent(connection, name);
        if (tooMuch(extent)) {
            throw new IllegalArgumentException("the wraps of key '" + name + "' would have " + extent.bytes()
                    + " bytes in all; at most 64 MiB are allowed");
        }
    }

    private static Extent extent(Connection connection, String name) throws SQLException {
        return Sql.first(
                        connection,
                        "SELECT count(*), coalesce(sum(octet_length(wraps)), 0) FROM kms_version"
                                + " WHERE name = ? AND wraps IS NOT NULL",
                        row -> new Extent(row.getLong(1), row.getLong(2), 0),
                        name)
                .orElseThrow();
    }

    /** Zeros of the same length first, where they take the wraps' very place: also when nothing wipes freed bytes. */
    boolean erase(Connection connection, String name, int number) throws SQLException {
        if (dialect.overwrites()) {
            Optional<Long> length = Sql.first(
                    connection,
                    "SELECT octet_length(wraps) FROM kms_version WHERE name = ? AND number = ? AND wraps IS NOT NULL",
                    row -> row.getLong(1),
                    name,
                    number);
            if (length.isEmpty()) {
                return false;
            }
            byte[] zeros = new byte[(int) Math.min(length.get(), StoredVersion.MAX_WRAPS_BYTES)];
            Sql.update(
                    connection, "UPDATE kms_version SET wraps = ? WHERE name = ? AND number = ?", zeros, name, number);
        }
        int erased = Sql.update(
                connection,
                "UPDATE kms_version SET wraps = NULL WHERE name = ? AND number = ? AND wraps IS NOT NULL",
                name,
                number);
        return erased > 0;
    }

    /** Returns whether older wraps were replaced. */
    static boolean put(Connection connection, String name, StoredVersion version) throws SQLException {
        List<Boolean> found = Sql.list(
                connection,
                "SELECT CASE WHEN name = ? AND number = ? AND id = ? THEN 1 ELSE 0 END FROM kms_version"
                        + " WHERE (name = ? AND number = ?) OR id = ?",
                row -> row.getInt(1) == 1,
                name,
                version.number(),
                version.id(),
                name,
                version.number(),
                version.id());
        if (found.isEmpty()) {
            Sql.update(
                    connection,
                    "INSERT INTO kms_version (name, number, id, wraps) VALUES (?, ?, ?, ?)",
                    name,
                    version.number(),
                    version.id(),
                    version.wraps());
            return false;
        }
        if (found.contains(false)) {
            throw new IllegalArgumentException("version " + version.number() + " of key '" + name
                    + "' has an id that does not fit: the id is another version's, or the version has another id");
        }
        Sql.update(
                connection,
                "UPDATE kms_version SET wraps = ? WHERE name = ? AND number = ?",
                version.wraps(),
                name,
                version.number());
        return true;
    }
}
