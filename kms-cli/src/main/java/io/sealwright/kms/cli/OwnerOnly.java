package io.sealwright.kms.cli;

import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/** Permissions that are right from the first moment on, where the file system has any. */
final class OwnerOnly {
    private OwnerOnly() {}

    static boolean isPosix(@Nullable Path at) {
        return at != null && at.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** What to make a file with. */
    static FileAttribute<?>[] file(@Nullable Path at) {
        return attributes(at, "rw-------");
    }

    /** What to make a folder with. */
    static FileAttribute<?>[] folder(@Nullable Path at) {
        return attributes(at, "rwx------");
    }

    private static FileAttribute<?>[] attributes(@Nullable Path at, String permissions) {
        return isPosix(at)
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
