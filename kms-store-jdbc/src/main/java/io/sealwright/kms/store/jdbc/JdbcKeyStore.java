package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WorkClaim;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Named keys in a database, SQLite or PostgreSQL. What lies in it is wrapped or authenticated by the engine; this class
 * keeps it whole: each change is one transaction, durable when the call returns. Several processes may share one
 * database. Safe for concurrent use.
 *
 * <p>Calls wait up to 5 seconds for what others have locked, up to 2 for a connection in place of one that was lost, and
 * up to 10 for an answer. A change whose connection was lost while it was committed is looked for and, if it was not
 * made, made.
 *
 * <p>Erased and replaced wraps are overwritten in SQLite's file, and its log is cut. PostgreSQL keeps them in its log, in
 * its replicas and, until a vacuum, in its tables. Backups and the file system's own copies are out of reach of both.
 */
public final class JdbcKeyStore implements NamedKeyStore {
    /** How long a call waits for locks. */
    static final Duration MAX_WAIT = Duration.ofSeconds(5);

    private static final String NOT_READ = "cannot be read";
    private static final String NOT_WRITTEN = "cannot be written";

    private final Transactions transactions;
    private final Dialect dialect;
    private final KeyRows rows;

    private JdbcKeyStore(Transactions transactions) {
        this.transactions = transactions;
        this.dialect = transactions.dialect();
        this.rows = new KeyRows(dialect, transactions.place());
    }

    /**
     * Opens the store in the caller's database, in tables whose names begin with {@code kms_}; makes them if they are
     * missing. A connection is taken for each operation, and given back as it was but for settings that make it safer
     * (SQLite: synchronous, secure_delete, foreign_keys). One that failed within a transaction is closed instead. Closing
     * the store leaves {@code dataSource} open.
     *
     * @param dataSource of SQLite or PostgreSQL; a pool should wait no longer than some seconds for a connection
     * @throws ConfigurationException if it is another database, one in memory, or one too old
     * @throws StoreException if the database is locked, full or away, damaged, written by a newer release, or refuses
     *     the user
     */
    public static NamedKeyStore of(DataSource dataSource) {
        return open(new DataSourceConnections(Objects.requireNonNull(dataSource, "dataSource")), MAX_WAIT);
    }

    /**
     * Opens the store that a URL names: {@code jdbc:sqlite:PATH} as {@link #sqlite} does, or
     * {@code jdbc:postgresql://HOST[:PORT]/DATABASE[?parameters]} with up to four connections of its own.
     *
     * @param address may be closed once this has returned; the driver of PostgreSQL keeps the password
     * @throws ConfigurationException if the URL is malformed or holds a password, the driver is not there, or the
     *     database is too old
     * @throws StoreException if the database is locked, full or away, damaged, written by a newer release, or refuses
     *     the user
     */
    public static NamedKeyStore of(StoreAddress address) {
        return new JdbcStoreProvider().open(address);
    }

    /**
     * Opens the store in a SQLite file, made with mode 0600 if it is missing. The file must lie on a local disk.
     *
     * @throws ConfigurationException if the SQLite driver or the file's folder is not there
     * @throws StoreException if the file is locked, cannot be read or written, is damaged, or was written by a newer
     *     release
     */
    public static NamedKeyStore sqlite(Path file) {
        return sqlite(file, MAX_WAIT);
    }

    static NamedKeyStore sqlite(Path file, Duration maxWait) {
        return open(SqliteFile.of(file, Drivers.SQLITE.require(file.toString())), maxWait);
    }

    static NamedKeyStore open(Connections connections, Duration maxWait) {
        try {
            JdbcKeyStore store = new JdbcKeyStore(new Transactions(connections, maxWait));
            store.prepare();
            return store;
        } catch (RuntimeException | Error e) {
            connections.close();
            throw e;
        }
    }

    /** Of which version the tables are; changes nothing, and closes the connections. */
    static StoreSchema schema(Connections connections) {
        try (connections) {
            Transactions transactions = new Transactions(connections, MAX_WAIT);
            Migrator migrator = new Migrator(transactions.dialect(), transactions.place());
            int found = transactions.outside("does not open", migrator::version);
            return new StoreSchema(found, migrator.current());
        }
    }

    private void prepare() {
        Migrator migrator = new Migrator(dialect, transactions.place());
        int found = transactions.outside("does not open", connection -> {
            dialect.checkVersion(connection);
            int version = migrator.version(connection);
            // Only now, so that a store of a newer release is not touched.
            dialect.prepareStore(connection);
            return version;
        });
        if (!migrator.isCurrent(found)) {
            transactions.write("cannot be set up", (connection, outcome) -> {
                migrator.migrate(connection);
                return true;
            });
        }
    }

    @Override
    public Optional<byte[]> storeKey() {
        return transactions.read(NOT_READ, this::storeKey);
    }

    private Optional<byte[]> storeKey(Connection connection) throws SQLException {
        record Found(long length, byte @Nullable [] sealed) {}
        Found found = Sql.first(
                        connection,
                        "SELECT coalesce(octet_length(store_key), 0),"
                                + " CASE WHEN octet_length(store_key) <= ? THEN store_key END FROM kms_state",
                        row -> new Found(row.getLong(1), row.getBytes(2)),
                        MAX_STORE_KEY_BYTES)
                .orElseThrow(() -> StoreErrors.noState(transactions.place()));
        if (found.length() > MAX_STORE_KEY_BYTES) {
            throw StoreErrors.tooLong(transactions.place(), "the store key's record", found.length());
        }
        return Optional.ofNullable(found.sealed());
    }

    @Override
    public byte[] initialise(byte[] sealed) {
        checkSealed(sealed);
        return transactions.write(NOT_WRITTEN, (connection, outcome) -> {
            int put = Sql.update(connection, "UPDATE kms_state SET store_key = ? WHERE store_key IS NULL", sealed);
            if (put > 0) {
                countChange(connection);
            }
            return storeKey(connection).orElseThrow(() -> StoreErrors.noState(transactions.place()));
        });
    }

    @Override
    public boolean replaceStoreKey(byte[] expected, byte[] sealed) {
        checkSealed(sealed);
        return transactions.write(NOT_WRITTEN, (connection, outcome) -> {
            int replaced =
                    Sql.update(connection, "UPDATE kms_state SET store_key = ? WHERE store_key = ?", sealed, expected);
            if (replaced == 0) {
                Optional<byte[]> there = storeKey(connection);
                return outcome.inDoubt() && there.isPresent() && Arrays.equals(there.get(), sealed);
            }
            countChange(connection);
            outcome.leavesTraces();
            return true;
        });
    }

    @Override
    public long revision() {
        return transactions.read(
                NOT_READ,
                connection -> Sql.first(connection, dialect.revision(), row -> row.getLong(1))
                        .orElseThrow(() -> StoreErrors.noState(transactions.place())));
    }

    @Override
    public Optional<Instant> clock() {
        return dialect.hasOwnClock()
                ? transactions.read(
                        NOT_READ,
                        connection -> Sql.first(
                                connection,
                                "SELECT " + dialect.nowMillis(),
                                row -> Instant.ofEpochMilli(row.getLong(1))))
                : Optional.empty();
    }

    @Override
    public List<String> damages() {
        return transactions.read(NOT_READ, dialect::damages);
    }

    @Override
    public List<String> names() {
        return transactions.read(
                NOT_READ,
                connection -> Sql.list(
                                connection,
                                "SELECT CASE WHEN octet_length(name) <= ? THEN name END FROM kms_key",
                                row -> checkName(row.getString(1)),
                                KeyRows.MAX_NAME_BYTES)
                        .stream()
                        .sorted()
                        .toList());
    }

    @Override
    public Optional<StoredKey> find(String name) {
        if (name.indexOf('\0') >= 0) {
            return Optional.empty(); // PostgreSQL's text cannot hold it
        }
        return transactions.read(NOT_READ, connection -> rows.read(connection, name));
    }

    @Override
    public Set<String> differing(Map<String, Long> generations) {
        Set<String> differing = new HashSet<>(generations.keySet());
        List<String> same = transactions.read(
                NOT_READ,
                connection -> Sql.list(
                        connection,
                        "SELECT CASE WHEN octet_length(name) <= ? THEN name END, generation FROM kms_key",
                        row -> {
                            Long expected = generations.get(checkName(row.getString(1)));
                            return expected != null && expected == row.getLong(2) ? row.getString(1) : "";
                        },
                        KeyRows.MAX_NAME_BYTES));
        differing.removeAll(new HashSet<>(same));
        return differing;
    }

    @Override
    public Optional<String> nameOf(byte[] versionId) {
        if (versionId.length != StoredVersion.ID_BYTES) {
            throw new IllegalArgumentException("version id must have 16 bytes, not " + versionId.length);
        }
        return transactions.read(
                NOT_READ,
                connection -> Sql.first(
                        connection,
                        "SELECT CASE WHEN octet_length(name) <= ? THEN name END FROM kms_version WHERE id = ?",
                        row -> checkName(row.getString(1)),
                        KeyRows.MAX_NAME_BYTES,
                        versionId));
    }

    @Override
    public void readAll(StoreReader reader) {
        Objects.requireNonNull(reader, "reader");
        boolean done = transactions.read(NOT_READ, connection -> {
            try {
                readAll(connection, reader);
                return true;
            } catch (SQLException e) {
                // Never repeated: the reader has seen part of it.
                throw dialect.failure(e).exception("The store in " + transactions.place() + " " + NOT_READ + ".", e);
            }
        });
        if (!done) {
            throw new KmsBugException("reading the whole store ended before its end", null);
        }
    }

    private void readAll(Connection connection, StoreReader reader) throws SQLException {
        storeKey(connection).ifPresent(reader::storeKey);
        String last = "";
        for (List<Outline> page = rows.outlines(connection, last);
                !page.isEmpty();
                page = rows.outlines(connection, last)) {
            last = page.get(page.size() - 1).name();
            for (List<Outline> part : Outline.parts(page)) {
                readPart(connection, part, reader);
            }
        }
    }

    /** Many small keys at once, or one that is large or damaged by itself. */
    private void readPart(Connection connection, List<Outline> part, StoreReader reader) throws SQLException {
        if (part.get(0).sound()) {
            rows.readRange(
                            connection,
                            part.get(0).name(),
                            part.get(part.size() - 1).name())
                    .forEach(reader::key);
            return;
        }
        String name = part.get(0).name();
        Optional<StoredKey> key = Optional.empty();
        try {
            key = rows.read(connection, name);
        } catch (StoreException e) {
            reader.damaged(name, e);
        }
        key.ifPresent(reader::key);
    }

    @Override
    public boolean replace(List<KeyReplacement> keys) {
        // Everybody locks in the same order, so that two do not wait for each other.
        List<KeyReplacement> all =
                keys.stream().sorted(Comparator.comparing(KeyReplacement::name)).toList();
        return transactions.write(NOT_WRITTEN, (connection, outcome) -> {
            if (outcome.inDoubt() && Replacements.made(connection, all)) {
                return true;
            }
            for (KeyReplacement key : all) {
                long generation = rows.lock(connection, key.name());
                if (key.expectedGeneration() != KeyReplacement.ANY_GENERATION
                        && key.expectedGeneration() != generation) {
                    return false;
                }
            }
            for (KeyReplacement key : all) {
                if (Replacements.put(connection, rows, key)) {
                    outcome.leavesTraces();
                }
            }
            countChange(connection);
            return true;
        });
    }

    @Override
    public boolean apply(KeyChange change) {
        return transactions.write(NOT_WRITTEN, (connection, outcome) -> {
            if (outcome.inDoubt() && made(connection, change)) {
                return true;
            }
            if (!rows.apply(connection, change, outcome)) {
                return outcome.inDoubt() && made(connection, change);
            }
            countChange(connection);
            return true;
        });
    }

    private static boolean made(Connection connection, KeyChange change) throws SQLException {
        return KeyRows.made(connection, change.name(), change.newGeneration(), change.manifest());
    }

    @Override
    public List<String> due(Instant now, int most) {
        return transactions.read(
                NOT_READ,
                connection -> Sql.list(
                        connection,
                        "SELECT CASE WHEN octet_length(name) <= ? THEN name END FROM kms_key"
                                + " WHERE due_millis <= ? ORDER BY due_millis, name LIMIT ?",
                        row -> checkName(row.getString(1)),
                        KeyRows.MAX_NAME_BYTES,
                        now.toEpochMilli(),
                        most));
    }

    private void countChange(Connection connection) throws SQLException {
        if (Sql.update(connection, dialect.countChange()) != 1) {
            throw StoreErrors.noState(transactions.place());
        }
    }

    @Override
    public boolean claim(WorkClaim claim) {
        long lease = claim.lease().toMillis();
        String now = dialect.nowMillis();
        // Over all that a lease may be: the clock was wrong when it was claimed, or was set back since.
        String free = "kms_claim.holder = excluded.holder OR kms_claim.until_millis <= " + now
                + " OR kms_claim.until_millis > " + now + " + ?";
        return transactions.write(NOT_WRITTEN, (connection, outcome) -> {
            int claimed = Sql.update(
                    connection,
                    "INSERT INTO kms_claim (work, holder, until_millis) VALUES (?, ?, " + now + " + ?)"
                            + " ON CONFLICT (work) DO UPDATE SET holder = excluded.holder,"
                            + " until_millis = excluded.until_millis WHERE " + free,
                    claim.work(),
                    claim.holder(),
                    lease,
                    WorkClaim.MAX_LEASE.toMillis());
            return claimed == 1;
        });
    }

    @Override
    public boolean release(WorkClaim claim) {
        return transactions.write(NOT_WRITTEN, (connection, outcome) -> {
            int released = Sql.update(
                    connection,
                    "DELETE FROM kms_claim WHERE work = ? AND holder = ? AND until_millis > " + dialect.nowMillis(),
                    claim.work(),
                    claim.holder());
            return released == 1 || outcome.inDoubt();
        });
    }

    @Override
    public String describe() {
        return dialect.product() + ", " + transactions.place();
    }

    @Override
    public void close() {
        transactions.close();
    }

    private static void checkSealed(byte[] sealed) {
        if (sealed.length < 1 || sealed.length > MAX_STORE_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "the store key's record must have 1 byte to 64 KiB, not " + sealed.length + " bytes");
        }
    }

    private String checkName(@Nullable String name) {
        if (name == null) {
            throw StoreErrors.corrupt(
                    transactions.place(), "A key's name is longer than " + KeyRows.MAX_NAME_BYTES + " bytes.");
        }
        return name;
    }
}
