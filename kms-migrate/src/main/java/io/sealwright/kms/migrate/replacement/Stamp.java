package io.sealwright.kms.migrate.replacement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * What tells that nobody wrote a file, nor changed who may read it, between two moments. Links are not followed.
 *
 * @param key which file it is
 * @param bytes how long it is
 * @param modified when it was last written
 * @param changed when its owner, mode or anything else of it last changed; null where the file system does not tell
 * @param names how many names it has (hard links); 1 where the file system does not tell
 * @param regular whether it is a file, and no link, folder or device
 */
public record Stamp(
        @Nullable Object key,
        long bytes,
        Object modified,
        @Nullable Object changed,
        int names,
        boolean regular) {
    /**
     * Looks at a file.
     *
     * @throws java.nio.file.NoSuchFileException if it is not there
     */
    public static Stamp of(Path file) throws IOException {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        boolean unix = file.getFileSystem().supportedFileAttributeViews().contains("unix");
        return new Stamp(
                now.fileKey(),
                now.size(),
                now.lastModifiedTime(),
                unix ? Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS) : null,
                unix ? (Integer) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS) : 1,
                now.isRegularFile());
    }
}
