package io.sealwright.kms.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The partial files of a run. SIGINT and SIGTERM end the JVM through its shutdown hooks with exit code 130 or 143; the
 * hook of this class removes what is not finished. Giving a file its name and removing it exclude each other, so that
 * the target is whole or not there. Safe for concurrent use.
 */
final class Unfinished {
    /** How a partial file gets its name. */
    interface Naming {
        void run() throws IOException;
    }

    /** How a partial file is made; a failure leaves none. What takes its time gives up once {@link #stopped} says so. */
    interface Making {
        FileChannel run() throws IOException;
    }

    private static final int GRACE_SECONDS = 15;

    private final Set<Path> files = new HashSet<>(); // guarded by this
    private volatile @Nullable Runnable before;
    private volatile boolean stopping;
    private boolean finished; // guarded by this
    private boolean stopped; // guarded by this
    private int making; // guarded by this

    /**
     * Runs {@code task}, for whose end a signal waits, after which it removes the file. Until it is made, what lies under its
     * name may be another process's.
     */
    FileChannel make(Path partial, Making task) throws IOException {
        synchronized (this) {
            goOn();
            making++;
        }
        boolean made = false;
        try {
            FileChannel channel = task.run();
            made = true;
            return channel;
        } finally {
            synchronized (this) {
                if (made) {
                    files.add(partial);
                }
                making--;
                notifyAll();
            }
        }
    }

    /** Runs {@code naming}, after which a signal leaves the file alone. */
    synchronized void name(Path partial, Naming naming) throws IOException {
        goOn();
        naming.run();
        files.remove(partial);
    }

    synchronized void remove(Path partial) {
        if (files.remove(partial)) {
            delete(partial);
        }
    }

    /** Says that the command has ended by itself. */
    synchronized void finished() {
        finished = true;
    }

    /** Whether a signal is ending the process. */
    synchronized boolean stopped() {
        return stopped || stopping;
    }

    /** Runs this when a signal comes, before files are removed: it lets work that has files of its own come to an end. */
    void beforeStop(Runnable task) {
        before = task;
    }

    private synchronized boolean isFinished() {
        return finished;
    }

    void removeOnSignal(Surroundings here) {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            Runnable first = before;
                            if (first != null && !isFinished()) {
                                stopping = true;
                                first.run();
                            }
                            if (stop()) {
                                here.writeError("kms: Stopped by a signal. The work is not finished. "
                                        + "Start the command again. [" + Failure.Code.KMS_CLI_STOPPED + "]\n");
                            }
                        },
                        "kms-stop"));
    }

    /** Removes what is not finished; false if the command has ended by itself. */
    synchronized boolean stop() {
        stopped = !finished;
        awaitMade();
        for (Path file : files) {
            delete(file);
        }
        files.clear();
        return stopped;
    }

    private synchronized void awaitMade() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(GRACE_SECONDS);
        try {
            for (long left = 1; making > 0 && left > 0; left = end - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, TimeUnit.MILLISECONDS.toNanos(1)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void goOn() throws IOException {
        if (stopped) {
            throw new IOException("The process was told to stop.");
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // As after kill -9: the file's name tells what it is.
        }
    }
}
