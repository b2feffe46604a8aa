package io.sealwright.kms.migrate.replacement;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;

/**
 * A file that is written beside its place. It is locked as long as it is written, which tells others that it is no left-over
 * of a killed process; nothing is written into it before.
 */
public final class PartialFile {
    private PartialFile() {}

    /**
     * Makes an empty one, and locks it.
     *
     * @throws java.nio.file.FileAlreadyExistsException if something lies there already
     * @throws IOException as of {@link #locked}
     */
    public static FileChannel create(Path path, FileAttribute<?>... attributes) throws IOException {
        Files.createFile(path, attributes);
        return locked(path);
    }

    /**
     * Opens what this process has just made there, to be read and written, and locks it until the channel is closed. Between
     * the making of a file and its lock, others take it for a left-over: so what is returned is what has the name now that the
     * lock is held, when nobody removes it any more, nor gives it another name.
     *
     * @throws ChangedException if the name has gone, or is another file's meanwhile
     * @throws IOException if somebody else writes it; or if it cannot be opened or locked: it is removed then
     */
    public static FileChannel locked(Path path) throws IOException {
        try {
            return held(path);
        } catch (BusyException | ChangedException e) {
            throw e;
        } catch (IOException | RuntimeException | Error e) {
            Files.deleteIfExists(path);
            throw e;
        }
    }

    private static FileChannel held(Path path) throws IOException {
        FileChannel channel = null;
        boolean held = false;
        try {
            Stamp found = Stamp.of(path);
            channel = open(path);
            if (channel.tryLock() == null) {
                throw new BusyException();
            }
            Stamp now = Stamp.of(path);
            if (!now.regular() || !Objects.equals(now.key(), found.key())) {
                throw new ChangedException();
            }
            held = true;
            return channel;
        } catch (OverlappingFileLockException e) {
            throw new BusyException();
        } catch (NoSuchFileException e) {
            throw new ChangedException();
        } finally {
            if (channel != null && !held) {
                channel.close();
            }
        }
    }

    /**
     * Removes the left-over of a killed process, of whatever mode: the mode is that of the file to be replaced.
     *
     * @throws IOException if it is none, but somebody writes it, or it cannot be opened or removed
     */
    public static void removeStale(Path path) throws IOException {
        try (FileChannel unused = held(path)) {
            Files.deleteIfExists(path);
        }
    }

    /** A file that its owner may not write is made so that this process may, and back: the rest of its mode stays. */
    private static FileChannel open(Path path) throws IOException {
        Set<OpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try {
            return FileChannel.open(path, options);
        } catch (AccessDeniedException e) {
            PosixFileAttributeView view =
                    Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
            if (view == null) {
                throw e;
            }
            Set<PosixFilePermission> mode = view.readAttributes().permissions();
            Set<PosixFilePermission> more = EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
            more.addAll(mode);
            view.setPermissions(more);
            try {
                return FileChannel.open(path, options);
            } finally {
                view.setPermissions(mode);
            }
        }
    }

    private static final class BusyException extends IOException {
        private static final long serialVersionUID = 1L;

        BusyException() {
            super("Another process is writing it at this moment.");
        }
    }
}
