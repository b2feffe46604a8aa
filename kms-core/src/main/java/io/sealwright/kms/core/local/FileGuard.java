package io.sealwright.kms.core.local;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.UnavailableException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps all others, threads and processes, from writing a key file while it is held. The lock file stays when it is
 * given back: deleting it would let two holders in, one on the old file and one on the new.
 */
final class FileGuard implements AutoCloseable {
    // Closing any channel of a file gives back all of this process's POSIX locks on it (fcntl(2), F_SETLK), so in one
    // process only the thread that holds this lock may open the lock file.
    private static final ConcurrentHashMap<Path, ReentrantLock> IN_THIS_PROCESS = new ConcurrentHashMap<>();

    // Another copy of this class (two web applications in one server) has locks of its own. A channel that met such a
    // copy's lock must not be closed, since that would take the lock from under it: at worst it stays here.
    private static final Queue<FileChannel> NEVER_CLOSED = new ConcurrentLinkedQueue<>();

    private static final long FIRST_PAUSE_MILLIS = 1;
    private static final long LAST_PAUSE_MILLIS = 20;

    private final ReentrantLock inThisProcess;
    private final FileChannel channel;

    private FileGuard(ReentrantLock inThisProcess, FileChannel channel) {
        this.inThisProcess = inThisProcess;
        this.channel = channel;
    }

    /**
     * Waits for the lock. The time is the machine's, not the engine's: other processes do not know of fake clocks.
     *
     * @throws UnavailableException if another holds it until the deadline
     * @throws CallInterruptedException if the thread is interrupted; its flag stays set
     */
    static FileGuard acquire(Path lockFile, Duration deadline) throws IOException {
        long end = System.nanoTime() + deadline.toNanos();
        ReentrantLock inThisProcess =
                IN_THIS_PROCESS.computeIfAbsent(lockFile.toAbsolutePath().normalize(), path -> new ReentrantLock());
        try {
            if (!inThisProcess.tryLock(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
                throw busy(lockFile);
            }
        } catch (InterruptedException e) {
            throw interrupted(lockFile, e);
        }
        boolean held = false;
        try {
            FileGuard guard = new FileGuard(inThisProcess, lock(lockFile, end));
            held = true;
            return guard;
        } finally {
            if (!held) {
                inThisProcess.unlock();
            }
        }
    }

    /** Gives the lock back. */
    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            inThisProcess.unlock();
        }
    }

    private static FileChannel lock(Path lockFile, long end) throws IOException {
        Set<OpenOption> options = Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileChannel channel = FileChannel.open(lockFile, options, Disk.ownerOnly(lockFile, "rw-------"));
        boolean locked = false;
        boolean mayClose = true;
        try {
            // tryLock again and again, since lock() has no deadline.
            for (long pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(2 * pause, LAST_PAUSE_MILLIS)) {
                FileLock lock;
                try {
                    lock = channel.tryLock();
                    mayClose = true;
                } catch (OverlappingFileLockException e) {
                    lock = null;
                    mayClose = false;
                }
                if (lock != null) {
                    locked = true;
                    return channel;
                }
                if (end - System.nanoTime() <= 0) {
                    throw busy(lockFile);
                }
                Thread.sleep(pause);
            }
        } catch (InterruptedException e) {
            throw interrupted(lockFile, e);
        } finally {
            if (!locked) {
                if (mayClose) {
                    channel.close();
                } else {
                    NEVER_CLOSED.add(channel);
                }
            }
        }
    }

    private static UnavailableException busy(Path lockFile) {
        return new UnavailableException(
                "The key file could not be changed in time.",
                "Another process holds the lock " + lockFile + ".",
                "Repeat the call; if it goes on, look for a process that hangs.");
    }

    static CallInterruptedException interrupted(Path file, @Nullable Throwable cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "The work on " + file + " was interrupted.",
                "The thread was asked to stop while it waited for the lock or the disk.",
                "Repeat the call.",
                cause);
    }
}
