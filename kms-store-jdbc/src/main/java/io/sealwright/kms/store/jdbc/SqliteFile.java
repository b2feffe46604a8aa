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
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections to one SQLite file: a few, kept open, and one writer of this process at a time, in order of arrival.
 * (Processes contend for SQLite's own lock; threads of one process need not.)
 */
final class SqliteFile implements Connections {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteFile.class);
    private static final String DRIVER = "org.sqlite.JDBC";

    /** Reads are some ten microseconds each, so that a few connections serve many threads. */
    private static final int MAX_CONNECTIONS = 4;

    private final Path file;
    private final Driver driver;
    private final @Nullable Object fileKey;
    private final Semaphore permits = new Semaphore(MAX_CONNECTIONS, true);
    private final ReentrantLock writing = new ReentrantLock(true);
    private final ConcurrentLinkedQueue<Connection> idle = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    private SqliteFile(Path file, Driver driver, @Nullable Object fileKey) {
        this.file = file;
        this.driver = driver;
        this.fileKey = fileKey;
    }

    /** The driver, if it is there: beside this library, or where the application's thread looks. */
    static Optional<Driver> driver() {
        ClassLoader own = SqliteFile.class.getClassLoader();
        return load(own).or(() -> load(Thread.currentThread().getContextClassLoader()));
    }

    private static Optional<Driver> load(@Nullable ClassLoader loader) {
        try {
            // Not by DriverManager, which hides drivers of loaders that this class does not see.
            return Optional.of(Class.forName(DRIVER, true, loader)
                    .asSubclass(Driver.class)
                    .getDeclaredConstructor()
                    .newInstance());
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        } catch (ReflectiveOperationException | LinkageError | ClassCastException e) {
            throw new ConfigurationException(
                    "The SQLite driver does not start.",
                    "The class " + DRIVER + " is there but cannot be used.",
                    "See the cause; one version of org.xerial:sqlite-jdbc must be on the class path.",
                    e);
        }
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
        if (write) {
            await(
                    () -> !writing.hasQueuedThreads() && writing.tryLock(),
                    nanos -> writing.tryLock(nanos, TimeUnit.NANOSECONDS),
                    deadlineNanos);
        }
        boolean permitted = false;
        try {
            await(
                    () -> !permits.hasQueuedThreads() && permits.tryAcquire(),
                    nanos -> permits.tryAcquire(nanos, TimeUnit.NANOSECONDS),
                    deadlineNanos);
            permitted = true;
            checkOpen();
            checkSameFile();
            Connection connection = idle.poll();
            return new Lent(connection == null ? connect() : connection, write);
        } catch (SQLException | RuntimeException | Error e) {
            if (permitted) {
                permits.release();
            }
            if (write) {
                writing.unlock();
            }
            throw e;
        }
    }

    @Override
    public String place() {
        return file.toString();
    }

    @Override
    public void close() {
        closed = true;
        closeIdle();
    }

    private void closeIdle() {
        for (Connection connection = idle.poll(); connection != null; connection = idle.poll()) {
            closeQuietly(connection);
        }
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.debug("A connection to the store did not close.", e);
        }
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
            closeQuietly(connection);
            throw e;
        }
    }

    private void checkOpen() {
        if (closed) {
            throw JdbcKeyStore.closed();
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

    private interface Attempt {
        boolean now();
    }

    private interface Wait {
        boolean upTo(long nanos) throws InterruptedException;
    }

    /** An interrupted thread gets what is free at once; only waiting ends. */
    private void await(Attempt attempt, Wait wait, long deadlineNanos) {
        if (attempt.now()) {
            return;
        }
        try {
            if (!wait.upTo(deadlineNanos - System.nanoTime())) {
                throw new StoreException(
                        ErrorCode.KMS_STORE_UNAVAILABLE,
                        "The store '" + file + "' did not answer in time.",
                        "Other threads of this process are using it.",
                        "Try again, and check the load of the disk if it stays so.");
            }
        } catch (InterruptedException e) {
            throw JdbcKeyStore.interrupted(e);
        }
    }

    private final class Lent implements Lease {
        private final Connection connection;
        private final boolean write;
        private boolean spoilt;

        Lent(Connection connection, boolean write) {
            this.connection = connection;
            this.write = write;
        }

        @Override
        public Connection connection() {
            return connection;
        }

        @Override
        public void spoil() {
            spoilt = true;
        }

        @Override
        public void close() {
            if (spoilt) {
                closeQuietly(connection);
            } else {
                idle.add(connection);
                if (closed) {
                    closeIdle();
                }
            }
            permits.release();
            if (write) {
                writing.unlock();
            }
        }
    }
}
