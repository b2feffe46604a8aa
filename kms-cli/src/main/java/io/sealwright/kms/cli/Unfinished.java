package io.sealwright.kms.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
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

    /** How a partial file is made. */
    interface Making {
        FileChannel run() throws IOException;
    }

    private final Set<Path> files = new HashSet<>(); // guarded by this
    private volatile @Nullable Runnable before;
    private volatile boolean stopping;
    private boolean finished; // guarded by this
    private boolean stopped; // guarded by this

    /** Runs {@code making}, after which a signal removes the file. */
    synchronized FileChannel make(Path partial, Making making) throws IOException {
        goOn();
        FileChannel made = making.run();
        files.add(partial);
        return made;
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

    private synchronized boolean stop() {
        for (Path file : files) {
            delete(file);
        }
        files.clear();
        stopped = !finished;
        return stopped;
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
