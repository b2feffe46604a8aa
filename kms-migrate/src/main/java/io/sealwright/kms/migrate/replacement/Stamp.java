package io.sealwright.kms.migrate.replacement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What tells that nobody wrote a file, nor changed who may read it, between two moments. Links are not followed.
 *
 * @param key which file it is
 * @param bytes how long it is
 * @param modified when it was last written
 * @param unix mode, owner, group and number of names, and when any of it last changed: by a clock that is too coarse to tell
 *     two changes apart alone; empty where the file system does not tell
 * @param regular whether it is a file, and no link, folder or device
 */
public record Stamp(@Nullable Object key, long bytes, Object modified, Map<String, Object> unix, boolean regular) {
    /**
     * Looks at a file.
     *
     * @throws java.nio.file.NoSuchFileException if it is not there
     */
    public static Stamp of(Path file) throws IOException {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        Map<String, Object> unix =
                file.getFileSystem().supportedFileAttributeViews().contains("unix")
                        ? Files.readAttributes(file, "unix:mode,uid,gid,nlink,ctime", LinkOption.NOFOLLOW_LINKS)
                        : Map.of();
        return new Stamp(now.fileKey(), now.size(), now.lastModifiedTime(), unix, now.isRegularFile());
    }

    /** How many names it has (hard links); 1 where the file system does not tell. */
    public int names() {
        return (Integer) unix.getOrDefault("nlink", 1);
    }
}
