package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;

/** Makes a file with a secret in it, whole or not at all, and never over another one. */
final class NewFile {
    private NewFile() {}

    /**
     * Writes the secret and a newline, mode 0600, and brings it down to the disk: beside it first, then linked to its name,
     * so that of two who do so at once one is told.
     *
     * @throws StoreException with {@code KMS_STORE_CONFLICT} if the file is there
     * @throws ConfigurationException if it cannot be written
     */
    static void write(Path file, SecretBytes secret) {
        Path folder = file.toAbsolutePath().getParent();
        Path temporary = null;
        byte[] content = secret.copy();
        try {
            if (folder == null) {
                throw new IOException("it has no folder");
            }
            temporary = Files.createTempFile(folder, "." + file.getFileName() + ".", ".tmp", mode(folder));
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                out.write(ByteBuffer.wrap(new byte[] {'\n'}));
                out.force(true);
            }
            Files.createLink(file, temporary);
            try (FileChannel directory = FileChannel.open(folder)) {
                directory.force(true);
            }
        } catch (FileAlreadyExistsException e) {
            throw new StoreException(
                    ErrorCode.KMS_STORE_CONFLICT,
                    "The file " + file + " was not made.",
                    "Somebody else has made it in the meantime.",
                    "Use the key that is in it.",
                    e);
        } catch (IOException | UnsupportedOperationException e) {
            throw new ConfigurationException(
                    "The file " + file + " cannot be made.",
                    "Its folder is missing, cannot be written, or knows no hard links ("
                            + e.getClass().getSimpleName() + ").",
                    "Make the folder, writable by this user, or name a file in another one.",
                    e);
        } finally {
            Arrays.fill(content, (byte) 0);
            delete(temporary);
        }
    }

    private static FileAttribute<?>[] mode(Path folder) {
        return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(Set.copyOf(PosixFilePermissions.fromString("rw-------")))
                }
                : new FileAttribute<?>[0];
    }

    private static void delete(@org.jspecify.annotations.Nullable Path temporary) {
        if (temporary != null) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                // It holds the same secret as the file itself, with the same mode.
            }
        }
    }
}
