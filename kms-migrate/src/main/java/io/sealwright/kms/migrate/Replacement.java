package io.sealwright.kms.migrate;

import io.sealwright.kms.migrate.replacement.PartialFile;
import io.sealwright.kms.migrate.replacement.Stamp;
import io.sealwright.kms.migrate.replacement.Successor;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file about to be replaced: written beside it under the name {@code .NAME.kms-partial}, from the beginning on with the
 * access that the old one gave ({@link Successor}), mode 0600 if there is none; synced, and only then named, if nobody
 * changed the old one meanwhile. Whoever reads the file sees the old one or the new one. Not safe for concurrent use.
 */
final class Replacement implements AutoCloseable {
    /** The end of such files' names; left-overs of killed processes have it. */
    static final String PARTIAL = ".kms-partial";

    private final Path file;
    private final Path partial;
    private final FileChannel channel;
    private final @Nullable Successor successor;
    private final Stop stop;
    private boolean named;

    /** Brings what was written down to the disk. */
    interface Disk {
        /** Of this machine. */
        Disk REAL = channel -> channel.force(true);

        void force(FileChannel channel) throws IOException;
    }

    private Replacement(Path file, Path partial, FileChannel channel, @Nullable Successor successor, Stop stop) {
        this.file = file;
        this.partial = partial;
        this.channel = channel;
        this.successor = successor;
        this.stop = stop;
    }

    /** Begins; as it is now. */
    static Replacement of(Path file, Stop stop) throws IOException {
        boolean there = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
        return of(file, there ? Stamp.of(file) : null, stop);
    }

    /**
     * Begins. A left-over of a killed process is removed; one that another process is writing is an error.
     *
     * @param before the file as it was before anything of it was read; null if there was none
     * @param stop once requested, beginning and writing fail
     * @throws io.sealwright.kms.migrate.replacement.ChangedException if it is not as it was
     */
    static Replacement of(Path file, @Nullable Stamp before, Stop stop) throws IOException {
        Path partial = file.resolveSibling("." + file.getFileName() + PARTIAL);
        try {
            return make(file, partial, before, stop);
        } catch (FileAlreadyExistsException e) {
            PartialFile.removeStale(partial);
            return make(file, partial, before, stop);
        }
    }

    private static Replacement make(Path file, Path partial, @Nullable Stamp before, Stop stop) throws IOException {
        if (before == null) {
            return new Replacement(file, partial, create(partial), null, stop);
        }
        Successor successor = Successor.of(file, partial, before, stop::isRequested);
        return new Replacement(file, partial, successor.channel(), successor, stop);
    }

    private static FileChannel create(Path partial) throws IOException {
        boolean posix = partial.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] mode = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        return PartialFile.create(partial, mode);
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

    /**
     * Gives it its name.
     *
     * @throws io.sealwright.kms.migrate.replacement.ChangedException if the old one is not as it was: it stays
     */
    void finish(Disk disk) throws IOException {
        disk.force(channel);
        // After what takes its time, and just before the rename: what is written in between is lost.
        if (successor != null) {
            successor.demandCurrent();
        }
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        named = true;
        channel.close();
        sync(Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file));
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
