package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.KeyReplacement;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreReader;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.spi.WorkClaim;
import io.sealwright.kms.store.jdbc.Connections.Lease;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Named keys in a database. What lies in it is wrapped or authenticated by the engine; this class keeps it whole: each
 * change is one transaction, durable when the call returns. Several processes may share one database. Safe for
 * concurrent use.
 *
 * <p>Calls wait up to 5 seconds for a database that others have locked. Erased and replaced wraps are overwritten, and
 * SQLite's log is cut, so that they do not linger in the file; backups and the file system's own copies are out of
 * reach.
 */
public final class JdbcKeyStore implements NamedKeyStore {
    /** How long a call waits for locks. */
    static final Duration MAX_WAIT = Duration.ofSeconds(5);

    /** How long an erasing change waits for readers, before the log is left to the next change. */
    private static final Duration MAX_FORGET_WAIT = Duration.ofSeconds(1);

    private static final int MAX_NAME_BYTES = 128;

    /** So many names are read at a time when all keys are. */
    private static final int NAMES_AT_ONCE = 1_000;

    /** More rows than this are not read into memory, whatever their length. */
    private static final int MAX_VERSIONS = 1_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(JdbcKeyStore.class);

    private final Connections connections;
    private final Dialect dialect;
    private final Duration maxWait;
    private volatile boolean closed;

    /** Committed changes that left wraps in the log; one to begin with, for what a killed process may have left. */
    private final AtomicLong traces = new AtomicLong(1);

    /** Up to which of them the log was cut. */
    private volatile long tracesCut;

    private JdbcKeyStore(Connections connections, Dialect dialect, Duration maxWait) {
        this.connections = connections;
        this.dialect = dialect;
        this.maxWait = maxWait;
    }

    /**
     * Opens the store in the caller's database, in tables whose names begin with {@code kms_}; makes them if they are
     * missing. A connection is taken for each operation, and given back as it was but for settings that make it safer
     * (SQLite: synchronous, secure_delete, foreign_keys). Closing the store leaves {@code dataSource} open.
     *
     * @param dataSource of SQLite
     * @throws ConfigurationException if it is another database, or one in memory
     * @throws StoreException if the database is locked, full or away, damaged, or written by a newer release
     */
    public static NamedKeyStore of(DataSource dataSource) {
        return open(new DataSourceConnections(Objects.requireNonNull(dataSource, "dataSource")), MAX_WAIT);
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
        Driver driver = SqliteFile.driver()
                .orElseThrow(() -> new ConfigurationException(
                        "The store '" + file + "' cannot be opened.",
                        "The SQLite driver is not on the class path.",
                        "Add the dependency org.xerial:sqlite-jdbc."));
        return open(SqliteFile.of(file, driver), maxWait);
    }

    static NamedKeyStore open(Connections connections, Duration maxWait) {
        try {
            JdbcKeyStore store = new JdbcKeyStore(connections, detect(connections), maxWait);
            store.prepare();
            return store;
        } catch (RuntimeException | Error e) {
            connections.close();
            throw e;
        }
    }

    private static Dialect detect(Connections connections) {
        try {
            return connections.dialect();
        } catch (SQLException e) {
            throw Dialect.Failure.OTHER.exception("The store in " + connections.place() + " does not open.", e);
        }
    }

    private void prepare() {
        Migrator migrator = new Migrator(dialect, connections.place());
        int found = attempt("does not open", false, connection -> {
            dialect.checkVersion(connection);
            int version = migrator.version(connection);
            // Only now, so that a store of a newer release is not touched.
            dialect.prepareStore(connection);
            return version;
        });
        if (!migrator.isCurrent(found)) {
            write("cannot be set up", (connection, outcome) -> {
                migrator.migrate(connection);
                return true;
            });
        }
    }

    @Override
    public Optional<byte[]> storeKey() {
        return attempt("cannot be read", false, this::storeKey);
    }

    private Optional<byte[]> storeKey(Connection connection) throws SQLException {
        record Found(long length, byte @Nullable [] sealed) {}
        Found found = Sql.first(
                        connection,
                        "SELECT coalesce(octet_length(store_key), 0),"
                                + " CASE WHEN octet_length(store_key) <= ? THEN store_key END FROM kms_state",
                        row -> new Found(row.getLong(1), row.getBytes(2)),
                        MAX_STORE_KEY_BYTES)
                .orElseThrow(this::noState);
        if (found.length() > MAX_STORE_KEY_BYTES) {
            throw tooLong("the store key's record", found.length());
        }
        return Optional.ofNullable(found.sealed());
    }

    @Override
    public byte[] initialise(byte[] sealed) {
        checkSealed(sealed);
        return write("cannot be written", (connection, outcome) -> {
            Optional<byte[]> there = storeKey(connection);
            if (there.isPresent()) {
                return there.get();
            }
            Sql.update(connection, "UPDATE kms_state SET store_key = ?", sealed);
            countChange(connection);
            return sealed.clone();
        });
    }

    @Override
    public boolean replaceStoreKey(byte[] expected, byte[] sealed) {
        checkSealed(sealed);
        return write("cannot be written", (connection, outcome) -> {
            Optional<byte[]> there = storeKey(connection);
            if (there.isEmpty() || !MessageDigest.isEqual(there.get(), expected)) {
                return false;
            }
            Sql.update(connection, "UPDATE kms_state SET store_key = ?", sealed);
            countChange(connection);
            outcome.leavesTraces = true;
            return true;
        });
    }

    @Override
    public long revision() {
        return attempt(
                "cannot be read",
                false,
                connection -> Sql.first(connection, "SELECT revision FROM kms_state", row -> row.getLong(1))
                        .orElseThrow(this::noState));
    }

    @Override
    public List<String> names() {
        return attempt(
                "cannot be read",
                false,
                connection -> Sql.list(
                                connection,
                                "SELECT CASE WHEN octet_length(name) <= ? THEN name END FROM kms_key",
                                row -> checkName(row.getString(1)),
                                MAX_NAME_BYTES)
                        .stream()
                        .sorted()
                        .toList());
    }

    @Override
    public Optional<StoredKey> find(String name) {
        Objects.requireNonNull(name, "name");
        return attempt(
                "cannot be read",
                false,
                connection -> transact(connection, dialect.beginRead(), () -> read(connection, name)));
    }

    /** Lengths are read first: a file that was tampered with must not fill the memory. */
    private Optional<StoredKey> read(Connection connection, String name) throws SQLException {
        record Found(long generation, long length, byte @Nullable [] manifest) {}
        Optional<Found> found = Sql.first(
                connection,
                "SELECT generation, octet_length(manifest),"
                        + " CASE WHEN octet_length(manifest) <= ? THEN manifest END FROM kms_key WHERE name = ?",
                row -> new Found(row.getLong(1), row.getLong(2), row.getBytes(3)),
                StoredKey.MAX_MANIFEST_BYTES,
                name);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        if (found.get().length() > StoredKey.MAX_MANIFEST_BYTES) {
            throw tooLong("the manifest of key '" + name + "'", found.get().length());
        }
        byte[] manifest = found.get().manifest();
        if (manifest == null || found.get().generation() < 1) {
            throw corrupt("The row of key '" + name + "' was changed by something else than this library.");
        }
        checkVersions(connection, name);
        List<StoredVersion> versions = Sql.list(
                connection,
                "SELECT number, id, wraps FROM kms_version WHERE name = ? AND wraps IS NOT NULL ORDER BY number",
                row -> new StoredVersion(row.getInt(1), row.getBytes(2), row.getBytes(3)),
                name);
        return Optional.of(new StoredKey(name, found.get().generation(), manifest, versions));
    }

    private record Extent(long rows, long bytes) {}

    private static Extent extent(Connection connection, String name) throws SQLException {
        return Sql.first(
                        connection,
                        "SELECT count(*), coalesce(sum(octet_length(wraps)), 0) FROM kms_version"
                                + " WHERE name = ? AND wraps IS NOT NULL",
                        row -> new Extent(row.getLong(1), row.getLong(2)),
                        name)
                .orElseThrow();
    }

    private void checkVersions(Connection connection, String name) throws SQLException {
        Extent extent = extent(connection, name);
        if (extent.rows() > MAX_VERSIONS || extent.bytes() > StoredKey.MAX_TOTAL_WRAPS_BYTES) {
            throw tooLong("the wraps of key '" + name + "'", extent.bytes());
        }
        long wrong = Sql.first(
                        connection,
                        "SELECT count(*) FROM kms_version WHERE name = ? AND wraps IS NOT NULL AND NOT ("
                                + "number BETWEEN 1 AND 2147483647 AND octet_length(id) = 16"
                                + " AND octet_length(wraps) BETWEEN 1 AND ?)",
                        row -> row.getLong(1),
                        name,
                        StoredVersion.MAX_WRAPS_BYTES)
                .orElseThrow();
        if (wrong > 0) {
            throw corrupt("Versions of key '" + name + "' were changed by something else than this library.");
        }
    }

    @Override
    public void readAll(StoreReader reader) {
        Objects.requireNonNull(reader, "reader");
        boolean done = attempt(
                "cannot be read",
                false,
                connection -> transact(connection, dialect.beginRead(), () -> {
                    try {
                        readAll(connection, reader);
                        return true;
                    } catch (SQLException e) {
                        // Never repeated: the reader has seen part of it.
                        throw dialect.failure(e)
                                .exception("The store in " + connections.place() + " cannot be read.", e);
                    }
                }));
        if (!done) {
            throw new KmsBugException("reading the whole store ended before its end", null);
        }
    }

    private void readAll(Connection connection, StoreReader reader) throws SQLException {
        storeKey(connection).ifPresent(reader::storeKey);
        String last = "";
        while (true) {
            List<String> names = Sql.list(
                    connection,
                    "SELECT CASE WHEN octet_length(name) <= ? THEN name END FROM kms_key WHERE name > ?"
                            + " ORDER BY name LIMIT ?",
                    row -> checkName(row.getString(1)),
                    MAX_NAME_BYTES,
                    last,
                    NAMES_AT_ONCE);
            for (String name : names) {
                Optional<StoredKey> key = Optional.empty();
                try {
                    key = read(connection, name);
                } catch (StoreException e) {
                    reader.damaged(name, e);
                }
                key.ifPresent(reader::key);
            }
            if (names.size() < NAMES_AT_ONCE) {
                return;
            }
            last = names.get(names.size() - 1);
        }
    }

    @Override
    public boolean replace(List<KeyReplacement> keys) {
        List<KeyReplacement> all = List.copyOf(keys);
        return write("cannot be written", (connection, outcome) -> {
            for (KeyReplacement key : all) {
                long generation = generation(connection, key.name());
                if (key.expectedGeneration() != KeyReplacement.ANY_GENERATION
                        && key.expectedGeneration() != generation) {
                    return false;
                }
            }
            for (KeyReplacement key : all) {
                outcome.leavesTraces |= Replacements.put(connection, key);
                checkExtent(connection, key.name());
            }
            countChange(connection);
            return true;
        });
    }

    @Override
    public Optional<String> nameOf(byte[] versionId) {
        if (versionId.length != StoredVersion.ID_BYTES) {
            throw new IllegalArgumentException("version id must have 16 bytes, not " + versionId.length);
        }
        return attempt(
                "cannot be read",
                false,
                connection -> Sql.first(
                        connection,
                        "SELECT CASE WHEN octet_length(name) <= ? THEN name END FROM kms_version WHERE id = ?",
                        row -> checkName(row.getString(1)),
                        MAX_NAME_BYTES,
                        versionId));
    }

    @Override
    public boolean apply(KeyChange change) {
        return write("cannot be written", (connection, outcome) -> {
            if (generation(connection, change.name()) != change.expectedGeneration()) {
                return false;
            }
            putManifest(connection, change, change.expectedGeneration() > 0);
            for (int number : change.erase()) {
                outcome.leavesTraces |= erase(connection, change.name(), number);
            }
            for (StoredVersion version : change.put()) {
                outcome.leavesTraces |= put(connection, change.name(), version);
            }
            checkExtent(connection, change.name());
            countChange(connection);
            return true;
        });
    }

    private static long generation(Connection connection, String name) throws SQLException {
        return Sql.first(connection, "SELECT generation FROM kms_key WHERE name = ?", row -> row.getLong(1), name)
                .orElse(0L);
    }

    private static void checkExtent(Connection connection, String name) throws SQLException {
        Extent extent = extent(connection, name);
        if (extent.rows() > MAX_VERSIONS || extent.bytes() > StoredKey.MAX_TOTAL_WRAPS_BYTES) {
            throw new IllegalArgumentException("the wraps of key '" + name + "' would have " + extent.bytes()
                    + " bytes in all; at most 64 MiB are allowed");
        }
    }

    static void putManifest(Connection connection, KeyChange change, boolean there) throws SQLException {
        Instant dueAt = change.dueAt();
        Long due = dueAt == null ? null : dueAt.toEpochMilli();
        if (!there) {
            Sql.update(
                    connection,
                    "INSERT INTO kms_key (name, generation, manifest, due_millis) VALUES (?, ?, ?, ?)",
                    change.name(),
                    change.newGeneration(),
                    change.manifest(),
                    due);
        } else {
            Sql.update(
                    connection,
                    "UPDATE kms_key SET generation = ?, manifest = ?, due_millis = ? WHERE name = ?",
                    change.newGeneration(),
                    change.manifest(),
                    due,
                    change.name());
        }
    }

    /** Zeros of the same length first: they take the wraps' very place, also where nothing wipes freed bytes. */
    static boolean erase(Connection connection, String name, int number) throws SQLException {
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
        Sql.update(connection, "UPDATE kms_version SET wraps = ? WHERE name = ? AND number = ?", zeros, name, number);
        Sql.update(connection, "UPDATE kms_version SET wraps = NULL WHERE name = ? AND number = ?", name, number);
        return true;
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

    private void countChange(Connection connection) throws SQLException {
        if (Sql.update(connection, "UPDATE kms_state SET revision = revision + 1") != 1) {
            throw noState();
        }
    }

    @Override
    public List<String> due(Instant now, int most) {
        return attempt(
                "cannot be read",
                false,
                connection -> Sql.list(
                        connection,
                        "SELECT CASE WHEN octet_length(name) <= ? THEN name END FROM kms_key"
                                + " WHERE due_millis <= ? ORDER BY due_millis, name LIMIT ?",
                        row -> checkName(row.getString(1)),
                        MAX_NAME_BYTES,
                        now.toEpochMilli(),
                        most));
    }

    @Override
    public boolean claim(WorkClaim claim) {
        long lease = claim.lease().toMillis();
        String now = dialect.nowMillis();
        // Over all that a lease may be: the clock was wrong when it was claimed, or was set back since.
        String free = "kms_claim.holder = excluded.holder OR kms_claim.until_millis <= " + now
                + " OR kms_claim.until_millis > " + now + " + ?";
        return write("cannot be written", (connection, outcome) -> {
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
        return write("cannot be written", (connection, outcome) -> {
            int released = Sql.update(
                    connection,
                    "DELETE FROM kms_claim WHERE work = ? AND holder = ? AND until_millis > " + dialect.nowMillis(),
                    claim.work(),
                    claim.holder());
            return released == 1;
        });
    }

    @Override
    public String describe() {
        return "SQLite, " + connections.place();
    }

    @Override
    public void close() {
        closed = true;
        connections.close();
    }

    /** What is done with a connection. */
    private interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    /** What is done in a transaction. */
    private interface Step<T> {
        T run() throws SQLException;
    }

    /** What is written. */
    private interface Change<T> {
        T make(Connection connection, Outcome outcome) throws SQLException;
    }

    /** What a change says of itself. */
    private static final class Outcome {
        private boolean leavesTraces;
    }

    private <T> T write(String failing, Change<T> change) {
        return attempt(failing, true, connection -> {
            Outcome outcome = new Outcome();
            T result = transact(connection, dialect.beginWrite(), () -> change.make(connection, outcome));
            if (outcome.leavesTraces) {
                traces.incrementAndGet();
            }
            forget(connection, outcome.leavesTraces ? MAX_FORGET_WAIT : Duration.ZERO);
            return result;
        });
    }

    /**
     * Repeats {@code work} while the database is locked by others. The pauses are short and random, never growing: who
     * waits longest must not wait even longer (with SQLite's own growing waits, one of four processes got nothing for
     * seconds).
     */
    private <T> T attempt(String failing, boolean write, Work<T> work) {
        long deadline = System.nanoTime() + maxWait.toNanos();
        while (true) {
            if (closed) {
                throw closed();
            }
            try (Lease lease = connections.lease(write, deadline)) {
                try {
                    return work.on(lease.connection());
                } catch (SQLException e) {
                    if (dialect.failure(e) != Dialect.Failure.BUSY) {
                        lease.spoil();
                    }
                    throw e;
                } catch (RuntimeException | Error e) {
                    lease.spoil(); // rolling back may have failed: the next to get it must not stand in a transaction
                    throw e;
                }
            } catch (SQLException e) {
                Dialect.Failure failure = dialect.failure(e);
                if (failure != Dialect.Failure.BUSY || System.nanoTime() - deadline >= 0) {
                    throw failure.exception("The store in " + connections.place() + " " + failing + ".", e);
                }
            }
            pause();
        }
    }

    private static void pause() {
        try {
            TimeUnit.MICROSECONDS.sleep(ThreadLocalRandom.current().nextInt(200, 5_000));
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static <T> T transact(Connection connection, String begin, Step<T> step) throws SQLException {
        Sql.execute(connection, begin);
        try {
            T result = step.run();
            Sql.execute(connection, "COMMIT");
            return result;
        } catch (SQLException | RuntimeException | Error e) {
            try {
                Sql.execute(connection, "ROLLBACK");
            } catch (SQLException again) {
                // After a full disk SQLite has rolled back by itself; a connection that really hangs is not used again.
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    /** Cuts the log. The change is made already, so that nothing here may fail it. */
    private void forget(Connection connection, Duration wait) {
        long seen = traces.get();
        if (seen == tracesCut) {
            return;
        }
        long deadline = System.nanoTime() + wait.toNanos();
        try {
            while (!forgotten(connection)) {
                if (System.nanoTime() - deadline >= 0) {
                    LOG.info(
                            "Replaced or erased wraps stay in the log of {} until the next change: it is being read.",
                            describe());
                    return;
                }
                pause();
            }
            tracesCut = seen;
        } catch (CallInterruptedException e) {
            LOG.warn("Replaced or erased wraps stay in the log of {} until the next change: interrupted.", describe());
        } catch (SQLException e) {
            LOG.warn("Replaced or erased wraps stay in the log of {} until the next change.", describe(), e);
        }
    }

    private boolean forgotten(Connection connection) throws SQLException {
        try {
            return dialect.forget(connection);
        } catch (SQLException e) {
            if (dialect.failure(e) == Dialect.Failure.BUSY) {
                return false;
            }
            throw e;
        }
    }

    private static void checkSealed(byte[] sealed) {
        if (sealed.length < 1 || sealed.length > MAX_STORE_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "the store key's record must have 1 byte to 64 KiB, not " + sealed.length + " bytes");
        }
    }

    private String checkName(@Nullable String name) {
        if (name == null) {
            throw corrupt("A key's name is longer than " + MAX_NAME_BYTES + " bytes.");
        }
        return name;
    }

    private StoreException noState() {
        return corrupt("The row of table kms_state is not there.");
    }

    private StoreException tooLong(String what, long bytes) {
        return corrupt("With " + bytes + " bytes, " + what + " is longer than this library ever writes.");
    }

    private StoreException corrupt(String why) {
        return new StoreException(
                ErrorCode.KMS_STORE_CORRUPT,
                "The store in " + connections.place() + " is damaged.",
                why,
                "Keep the store as it is, and restore it from a backup.");
    }

    static ClosedException closed() {
        return new ClosedException(
                "The store was closed.",
                "It was used after close(), perhaps by the manager that owned it.",
                "Open it again, and close it after its last use only.");
    }

    static CallInterruptedException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "Waiting for the store ended.",
                "The thread was interrupted.",
                "Nothing was changed; make the call again if it is still wanted.",
                cause);
    }
}
