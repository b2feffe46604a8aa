package io.sealwright.kms.core.local;

import io.sealwright.kms.error.KeyExistsException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Writes a new file that is either there whole and on the disk, or not at all, for its owner alone. Whoever is killed
 * meanwhile leaves {@code .NAME.….kms-partial} behind.
 */
public final class WholeFile {
    private WholeFile() {}

    /** What writes the contents. */
    public interface Contents {
        /** Writes them; the stream is not to be closed. */
        void to(OutputStream out) throws IOException;
    }

    /**
     * Writes it.
     *
     * @throws KeyExistsException if something has that name
     * @throws IOException if it cannot be written; nothing is left behind
     */
    public static void write(Path file, Contents contents) throws IOException {
        Disk disk = new Disk();
        if (disk.exists(file)) {
            throw exists(file);
        }
        String random = Integer.toHexString(ThreadLocalRandom.current().nextInt());
        Path partial = file.resolveSibling("." + file.getFileName() + "." + random + ".kms-partial");
        boolean published = false;
        try (FileChannel channel = FileChannel.open(
                partial,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                Disk.ownerOnly(partial, "rw-------"))) {
            lock(channel);
            contents.to(Channels.newOutputStream(channel));
            channel.force(true);
            published = disk.publish(partial, file);
            if (!published) {
                throw exists(file);
            }
            disk.forceFolder(file.toAbsolutePath().getParent());
        } finally {
            if (!published) {
                disk.delete(partial);
            }
        }
    }

    /** Until the channel closes: tells what looks for left-overs that somebody is writing. */
    private static void lock(FileChannel channel) {
        try {
            @Nullable FileLock unused = channel.tryLock();
        } catch (IOException e) {
            // A file system without locks; who looks for left-overs finds none either.
        }
    }

    private static KeyExistsException exists(Path file) {
        return new KeyExistsException(
                "The file " + file + " is there already.",
                "It would be written over.",
                "Give another name, or move it away.");
    }
}
