package io.sealwright.kms.store.jdbc;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets processes write to one file in the order in which they came; SQLite's own lock goes to whoever asks at the right
 * moment, mostly to who had it just now.
 *
 * <p>A corridor of {@value #PLACES} places, each a byte of a file beside the database, locked by the process that stands
 * there. One enters at the last place, and goes on when the place in front is free: nobody overtakes. Who is in front
 * writes. The system frees the place of a process that dies. All this is courtesy: SQLite's lock keeps writers apart, so
 * that one who has waited too long, or cannot lock, just goes ahead. For one thread of a process at a time.
 */
final class Turns implements AutoCloseable {
    private static final int PLACES = 8;

    /** Longer than many changes take: somebody stands still. */
    private static final Duration MAX_WAIT = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Turns.class);

    private final @Nullable FileChannel file;

    /** Opens the file, made for its owner alone if it is missing. */
    Turns(Path path) {
        file = open(path);
    }

    private static @Nullable FileChannel open(Path path) {
        Set<StandardOpenOption> options = Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                FileAttribute<?> mode =
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
                return FileChannel.open(path, options, mode);
            }
            return FileChannel.open(path, options);
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("Processes cannot take turns at {}", path, e);
            return null;
        }
    }

    /** A place in the corridor. */
    interface Place extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits to be in front, for a while, unless the thread is interrupted. Closing what is returned lets the next one there. */
    Place await() {
        if (file == null) {
            return () -> {};
        }
        long limit = System.nanoTime() + MAX_WAIT.toNanos();
        FileLock mine = null;
        try {
            for (int place = PLACES - 1; place >= 0; place--) {
                FileLock next = tryLock(file, place);
                while (next == null) {
                    if (System.nanoTime() - limit > 0 || Thread.currentThread().isInterrupted()) {
                        return leaving(mine);
                    }
                    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(50_000, 300_000));
                    next = tryLock(file, place);
                }
                FileLock behind = mine;
                mine = next;
                release(behind);
            }
        } catch (IOException e) {
            LOG.debug("A turn was not waited for", e);
        }
        return leaving(mine);
    }

    private static @Nullable FileLock tryLock(FileChannel file, int place) throws IOException {
        try {
            return file.tryLock(place, 1, false);
        } catch (OverlappingFileLockException e) {
            return null; // another store of this very process
        }
    }

    private static Place leaving(@Nullable FileLock place) {
        return () -> release(place);
    }

    private static void release(@Nullable FileLock lock) {
        try {
            if (lock != null) {
                lock.release();
            }
        } catch (IOException e) {
            LOG.debug("A turn was not given back: the store was closed", e);
        }
    }

    @Override
    public void close() {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            LOG.debug("The file of turns did not close", e);
        }
    }
}
