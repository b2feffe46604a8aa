package io.sealwright.kms.migrate.replacement;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A file that is to take another's place: it begins as a copy of that one, with owner, group, mode, access list and extended
 * attributes, so that nobody gains or loses access, and gets its content afterwards.
 *
 * <p>The folder may belong to somebody else, who can put anything under the name of the copy at any moment. So nothing is
 * given away by that name: {@link Files#copy} sets owner, mode and lists on the file that it has open. And what is opened to
 * be written is compared first, byte by byte: written over is a copy of the message that is replaced, or nothing. Another run
 * may take the copy for a left-over before it is locked ({@link PartialFile}); so the lock comes before the comparison.
 *
 * <p>Not safe for concurrent use. Closing the channel is the caller's, and so is removing what got no name.
 */
public final class Successor {
    private static final int PIECE_BYTES = 1 << 16;

    /** Copied within less than a second by any disk. */
    private static final long QUICK_BYTES = 8L << 20;

    private static final int LOOK_MILLIS = 50;

    private final Path file;
    private final Path partial;
    private final Stamp before;
    private final @Nullable Object key;
    private final FileChannel channel;

    private Successor(Path file, Path partial, Stamp before, @Nullable Object key, FileChannel channel) {
        this.file = file;
        this.partial = partial;
        this.before = before;
        this.key = key;
        this.channel = channel;
    }

    /**
     * Makes the copy, locks it, and empties it.
     *
     * @param file what is to be replaced; no link
     * @param partial where the copy is made
     * @param before the file as it was before anything of it was read
     * @param ended whether to give up; asked by this thread, several times a second
     * @throws java.nio.file.FileAlreadyExistsException if something lies there already
     * @throws ChangedException if the file is not as it was, or the copy has gone before it was locked
     * @throws IOException if the copy cannot be made, or not with the same owner, group and mode: it is removed then, and so it is
     *     if this was to be given up; or if another process has it: then it is left alone
     */
    public static Successor of(Path file, Path partial, Stamp before, BooleanSupplier ended) throws IOException {
        demandCurrent(file, before);
        copy(file, partial, before, ended);
        FileChannel channel = PartialFile.locked(partial);
        try {
            Stamp made = current(partial);
            if (made.names() != 1) {
                throw new ChangedException();
            }
            demandSameAccess(file, partial);
            demandSameContent(file, channel, before, ended);
            channel.truncate(0).position(0);
            return new Successor(file, partial, before, made.key(), channel);
        } catch (IOException | RuntimeException | Error e) {
            Files.deleteIfExists(partial);
            channel.close();
            throw e;
        }
    }

    /** By a thread that can be left, if it takes its time: what it still writes has no name any more then. */
    private static void copy(Path file, Path partial, Stamp before, BooleanSupplier ended) throws IOException {
        if (before.bytes() <= QUICK_BYTES) {
            Files.copy(file, partial, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
            return;
        }
        FutureTask<Path> copy = new FutureTask<>(
                () -> Files.copy(file, partial, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS));
        Thread thread = new Thread(copy, "kms-copy");
        thread.setDaemon(true);
        thread.start();
        try {
            while (!isCopied(copy)) {
                if (ended.getAsBoolean()) {
                    leave(copy, partial);
                    throw toldToEnd();
                }
            }
        } catch (InterruptedException e) {
            leave(copy, partial);
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("It was interrupted.");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failed ? failed : new IOException(e);
        }
    }

    /** Waits a moment for it. */
    private static boolean isCopied(FutureTask<Path> copy) throws InterruptedException, ExecutionException {
        try {
            copy.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /** Takes away what is being copied to, once it is there; a copy that failed has made nothing, or removed it. */
    private static void leave(FutureTask<Path> copy, Path partial) throws IOException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (!copy.isDone() && !Files.exists(partial, LinkOption.NOFOLLOW_LINKS) && System.nanoTime() - until < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        if (!copy.isDone() || succeeded(copy)) {
            Files.deleteIfExists(partial);
        }
    }

    private static boolean succeeded(FutureTask<Path> copy) {
        try {
            copy.get(0, TimeUnit.NANOSECONDS);
            return true;
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            return false;
        }
    }

    private static void goOn(BooleanSupplier ended) throws IOException {
        if (ended.getAsBoolean()) {
            throw toldToEnd();
        }
    }

    private static IOException toldToEnd() {
        return new IOException("It was told to end.");
    }

    /** Where the content goes; open and locked, at its beginning. */
    public FileChannel channel() {
        return channel;
    }

    /**
     * Looks a last time; what follows at once is the rename. What has been written is to be on the disk by then, since that
     * takes its time.
     *
     * @throws ChangedException if either file is another one than it was, or was changed
     */
    public void demandCurrent() throws IOException {
        Stamp now = current(partial);
        if (!now.regular() || !Objects.equals(now.key(), key)) {
            throw new ChangedException();
        }
        demandCurrent(file, before);
    }

    /** That the copy has gone says nothing of the file. */
    private static Stamp current(Path partial) throws IOException {
        try {
            return Stamp.of(partial);
        } catch (NoSuchFileException e) {
            throw new ChangedException();
        }
    }

    private static void demandCurrent(Path file, Stamp before) throws IOException {
        if (!before.regular() || !Stamp.of(file).equals(before)) {
            throw new ChangedException();
        }
    }

    /** Not all systems let every user give files away; then the file stays as it was. */
    private static void demandSameAccess(Path file, Path partial) throws IOException {
        PosixFileAttributes old = posix(file);
        PosixFileAttributes now = posix(partial);
        if (old == null || now == null) {
            return;
        }
        if (!old.owner().equals(now.owner()) || !old.group().equals(now.group())) {
            throw new IOException("This user cannot make a file of its owner "
                    + old.owner().getName() + " and group " + old.group().getName());
        }
        if (!old.permissions().equals(now.permissions())) {
            throw new IOException("Its mode cannot be kept");
        }
    }

    private static @Nullable PosixFileAttributes posix(Path file) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        return view == null ? null : view.readAttributes();
    }

    private static void demandSameContent(Path file, FileChannel copy, Stamp before, BooleanSupplier ended)
            throws IOException {
        try (FileChannel original =
                FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            ByteBuffer left = ByteBuffer.allocate(PIECE_BYTES);
            ByteBuffer right = ByteBuffer.allocate(PIECE_BYTES);
            boolean same = original.size() == before.bytes() && copy.size() == before.bytes();
            while (same && fill(original, left)) {
                goOn(ended);
                boolean unused = fill(copy, right);
                same = left.equals(right);
            }
            if (!same) {
                throw new ChangedException();
            }
        }
    }

    /** Reads a piece; false at the end. */
    private static boolean fill(FileChannel from, ByteBuffer to) throws IOException {
        to.clear();
        while (to.hasRemaining() && from.read(to) >= 0) {
            // Until it is full, or the file has no more.
        }
        to.flip();
        return to.hasRemaining();
    }
}
