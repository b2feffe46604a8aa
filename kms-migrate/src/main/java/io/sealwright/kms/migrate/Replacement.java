package io.sealwright.kms.migrate;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file about to be replaced: written beside it under the name {@code .NAME.kms-partial}, mode 0600, synced, given the
 * mode, owner and group of what it replaces, and only then named. Whoever reads the file sees the old one or the new one.
 * Not safe for concurrent use.
 */
final class Replacement implements AutoCloseable {
    /** The end of such files' names; left-overs of killed processes have it. */
    static final String PARTIAL = ".kms-partial";

    private final Path file;
    private final Path partial;
    private final FileChannel channel;
    private final Stop stop;
    private boolean named;

    private Replacement(Path file, Path partial, FileChannel channel, Stop stop) {
        this.file = file;
        this.partial = partial;
        this.channel = channel;
        this.stop = stop;
    }

    /**
     * Begins. A left-over of a killed process is removed; one that another process is writing is an error.
     *
     * @param stop once requested, writing fails
     */
    static Replacement of(Path file, Stop stop) throws IOException {
        Path partial = file.resolveSibling("." + file.getFileName() + PARTIAL);
        FileChannel channel;
        try {
            channel = create(partial);
        } catch (FileAlreadyExistsException e) {
            removeStale(partial);
            channel = create(partial);
        }
        Replacement made = new Replacement(file, partial, channel, stop);
        try {
            // Held as long as the file is written: tells a second process that this is no left-over.
            if (channel.tryLock() == null) {
                throw busy();
            }
            return made;
        } catch (IOException | OverlappingFileLockException e) {
            made.close();
            throw e instanceof IOException io ? io : busy();
        }
    }

    private static FileChannel create(Path partial) throws IOException {
        boolean posix = partial.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] mode = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        return FileChannel.open(partial, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), mode);
    }

    private static void removeStale(Path partial) throws IOException {
        try (FileChannel old = FileChannel.open(partial, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = old.tryLock()) {
            if (lock == null) {
                throw busy();
            }
            Files.deleteIfExists(partial);
        } catch (OverlappingFileLockException e) {
            throw busy();
        }
    }

    private static IOException busy() {
        return new IOException("Another process is writing it at this moment.");
    }

    OutputStream output() {
        return new FilterOutputStream(Channels.newOutputStream(channel)) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (stop.isRequested()) {
                    throw new IOException("The job was told to end.");
                }
                out.write(bytes, offset, length);
            }
        };
    }

    /** Where the new content lies until it has its name. */
    Path partial() {
        return partial;
    }

    /** Gives it its name, and the mode, owner and group of the file that was there, if one was. */
    void finish() throws IOException {
        takeOver();
        channel.force(true);
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        named = true;
        channel.close();
        sync(Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file));
    }

    private void takeOver() throws IOException {
        PosixFileAttributes old = attributes(file);
        PosixFileAttributeView mine = Files.getFileAttributeView(partial, PosixFileAttributeView.class);
        if (old == null || mine == null) {
            return;
        }
        PosixFileAttributes now = mine.readAttributes();
        // An application that could read the file must not lose that: where it cannot be kept, the file stays as it
        // was.
        if (!now.group().equals(old.group())) {
            mine.setGroup(old.group());
        }
        if (!now.owner().equals(old.owner())) {
            mine.setOwner(old.owner());
        }
        mine.setPermissions(old.permissions());
    }

    private static @Nullable PosixFileAttributes attributes(Path file) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        return view == null || Files.notExists(file) ? null : view.readAttributes();
    }

    private static void sync(Path folder) {
        try (FileChannel open = FileChannel.open(folder, StandardOpenOption.READ)) {
            open.force(true);
        } catch (IOException e) {
            // Some systems cannot sync a folder; the file itself is synced and has its name.
        }
    }

    /** Removes what was not named. */
    @Override
    public void close() throws IOException {
        if (!named) {
            Files.deleteIfExists(partial);
        }
        channel.close();
    }
}
