package io.sealwright.kms.core.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The few operations on files that key files need. Not final, so that a test can put in its place a disk that is full
 * or denies: both cannot be had from a real one when the tests run as root.
 */
class Disk {
    /** What tells whether a file changed since it was read. */
    record Stamp(FileTime modified, long size, @Nullable Object inode) {}

    /**
     * What is to be known of a file before it is read.
     *
     * @param regular whether it is a file, not a folder, pipe or device
     * @param open whether users other than its owner and group may read or write it
     */
    record Facts(boolean regular, boolean open, Stamp stamp) {}

    /** Whether anything has that name, a link that leads nowhere included. */
    boolean exists(Path file) {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    }

    /** Follows links, since Kubernetes mounts secrets through them. */
    Facts facts(Path file) throws IOException {
        if (!posix(file)) {
            BasicFileAttributes basic = Files.readAttributes(file, BasicFileAttributes.class);
            return new Facts(basic.isRegularFile(), false, stamp(basic));
        }
        PosixFileAttributes posix = Files.readAttributes(file, PosixFileAttributes.class);
        Set<PosixFilePermission> modes = posix.permissions();
        boolean open =
                modes.contains(PosixFilePermission.OTHERS_READ) || modes.contains(PosixFilePermission.OTHERS_WRITE);
        return new Facts(posix.isRegularFile(), open, stamp(posix));
    }

    /** At most {@code limit} bytes and one more, which tells that there are more. The caller wipes them. */
    byte[] read(Path file, int limit) throws IOException {
        try (SeekableByteChannel in = Files.newByteChannel(file)) {
            ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(in.size(), limit) + 1);
            try {
                while (buffer.hasRemaining() && in.read(buffer) >= 0) {
                    // until the end or the limit
                }
                return Arrays.copyOf(buffer.array(), buffer.position());
            } finally {
                Arrays.fill(buffer.array(), (byte) 0);
            }
        }
    }

    /** Writes a file that must not be there, mode 0600, down to the disk. */
    void writeNew(Path file, byte[] content) throws IOException {
        Set<OpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (FileChannel out = FileChannel.open(file, options, ownerOnly(file, "rw-------"))) {
            ByteBuffer rest = ByteBuffer.wrap(content);
            while (rest.hasRemaining()) {
                out.write(rest);
            }
            out.force(true);
        }
    }

    /**
     * Gives a written file its name, unless something has it.
     *
     * @return whether it did
     */
    boolean publish(Path temporary, Path file) throws IOException {
        try {
            link(file, temporary);
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (UnsupportedOperationException | FileSystemException e) {
            // No hard links on this file system. Everyone else who makes key files waits for the lock meanwhile.
            if (exists(file)) {
                return false;
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            return true;
        }
        Files.delete(temporary);
        return true;
    }

    /** Gives a file a second name; fails if something has it. */
    void link(Path name, Path existing) throws IOException {
        Files.createLink(name, existing);
    }

    /** Puts a written file in the place of another, in one step. */
    void replace(Path temporary, Path file) throws IOException {
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    }

    void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    /** Makes a folder and those above it, mode 0700, down to the disk. Leaves those that are there as they are. */
    void makeFolders(Path folder) throws IOException {
        Deque<Path> missing = new ArrayDeque<>();
        for (Path up = folder; up != null && !Files.isDirectory(up); up = up.getParent()) {
            missing.push(up);
        }
        for (Path next : missing) {
            try {
                Files.createDirectory(next, ownerOnly(next, "rwx------"));
            } catch (FileAlreadyExistsException e) {
                if (!Files.isDirectory(next)) {
                    throw e;
                }
            }
            forceFolder(next.getParent());
        }
    }

    /** Brings a folder's list of names down to the disk. */
    void forceFolder(@Nullable Path folder) throws IOException {
        // Windows opens no folders, and needs no such step.
        if (folder == null || !posix(folder)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** The attribute that makes a new file or folder its owner's alone; none where there are no modes. */
    static FileAttribute<?>[] ownerOnly(Path file, String modes) {
        return posix(file)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(modes))}
                : new FileAttribute<?>[0];
    }

    private static boolean posix(Path file) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static Stamp stamp(BasicFileAttributes attributes) {
        return new Stamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
    }
}
