package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections to one SQLite file: a few, kept open, and one writer of this process at a time, in order of arrival;
 * processes take turns by {@link Turns}.
 */
final class SqliteFile implements Connections {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteFile.class);

    private final Path file;
    private final Driver driver;
    private final @Nullable Object fileKey;
    private final FewConnections connections;
    private final Turns turns;
    private final ReentrantLock writing = new ReentrantLock(true);

    private SqliteFile(Path file, Driver driver, @Nullable Object fileKey) {
        this.file = file;
        this.driver = driver;
        this.fileKey = fileKey;
        this.connections = new FewConnections(file.toString(), this::connect);
        this.turns = new Turns(file.resolveSibling(file.getFileName() + "-turn"));
    }

    /** Makes the file if it is missing, with mode 0600 where there are modes. Nothing is connected yet. */
    static SqliteFile of(Path path, Driver driver) {
        Path file = path.toAbsolutePath();
        Path folder = file.getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new ConfigurationException(
                    "'" + file + "' cannot be a store.", "It is a folder.", "Give the path of a file in it.");
        }
        if (!Files.isDirectory(folder)) {
            throw new ConfigurationException(
                    "The store '" + file + "' cannot be opened.",
                    "Its folder is not there.",
                    "Make the folder, or correct the path.");
        }
        try {
            create(file);
            Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            return new SqliteFile(file, driver, key);
        } catch (IOException e) {
            throw new StoreException(
                    ErrorCode.KMS_STORE_UNAVAILABLE,
                    "The store '" + file + "' cannot be opened.",
                    "The file cannot be made or read.",
                    "Give this process permission to read and write the file and its folder, and check the free space.",
                    e);
        }
    }

    private static void create(Path file) throws IOException {
        if (Files.exists(file)) {
            return;
        }
        try {
            if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                // SQLite gives its log and index the modes of the file.
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            } else {
                Files.createFile(file);
            }
        } catch (FileAlreadyExistsException e) {
            LOG.trace("Another process made the store's file at the same moment.", e);
        }
    }

    @Override
    public Dialect dialect() {
        return Dialect.SQLITE;
    }

    @Override
    public Lease lease(boolean write, long deadlineNanos) throws SQLException {
        if (!write) {
            checkSameFile();
            return connections.lease(deadlineNanos);
        }
        FewConnections.await(
                () -> !writing.hasQueuedThreads() && writing.tryLock(),
                nanos -> writing.tryLock(nanos, TimeUnit.NANOSECONDS),
                deadlineNanos,
                place());
        try {
            checkSameFile();
            return new Writing(connections.lease(deadlineNanos), turns.await());
        } catch (SQLException | RuntimeException | Error e) {
            writing.unlock();
            throw e;
        }
    }

    @Override
    public String place() {
        return file.toString();
    }

    @Override
    public void close() {
        connections.close();
        turns.close();
    }

    private Connection connect() throws SQLException {
        Properties properties = new Properties();
        // SQLite's own waits grow up to 100 ms, and starve whoever waits longest; we wait ourselves.
        properties.setProperty("busy_timeout", "0");
        // A URI, so that '?' and '%' in the path are letters and no options.
        Connection connection = driver.connect("jdbc:sqlite:" + file.toUri().toASCIIString(), properties);
        if (connection == null) {
            throw new SQLException("the SQLite driver does not take its own URL");
        }
        try {
            Dialect.SQLITE.prepare(connection);
            // The file may be tampered with: its schema must not call functions, and cells are checked as they are
            // read.
            Sql.execute(connection, "PRAGMA trusted_schema = OFF");
            Sql.execute(connection, "PRAGMA cell_size_check = ON");
            return connection;
        } catch (SQLException | RuntimeException | Error e) {
            FewConnections.closeQuietly(connection);
            throw e;
        }
    }

    /** A file removed or replaced under an open connection goes on taking writes that nobody will find again. */
    private void checkSameFile() {
        if (fileKey == null) {
            return;
        }
        try {
            if (fileKey.equals(
                    Files.readAttributes(file, BasicFileAttributes.class).fileKey())) {
                return;
            }
            throw moved(null);
        } catch (IOException e) {
            throw moved(e);
        }
    }

    private StoreException moved(@Nullable IOException cause) {
        return new StoreException(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                "The store '" + file + "' is not the file that was opened.",
                "It was removed or replaced while this process used it.",
                "Restart all processes that use it, once the right file is in its place.",
                cause);
    }

    /** A connection lent to the one that writes. */
    private final class Writing implements Lease {
        private final Lease lease;
        private final Turns.Place turn;

        Writing(Lease lease, Turns.Place turn) {
            this.lease = lease;
            this.turn = turn;
        }

        @Override
        public Connection connection() {
            return lease.connection();
        }

        @Override
        public void spoil() {
            lease.spoil();
        }

        @Override
        public void close() {
            try (turn) {
                lease.close();
            } finally {
                writing.unlock();
            }
        }
    }
}
