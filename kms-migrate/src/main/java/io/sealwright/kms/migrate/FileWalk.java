package io.sealwright.kms.migrate;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files under some paths, in an order that stays: paths as given, names within a folder sorted. Links within folders
 * are not followed, so nothing outside is reached and nothing twice, not even a path given that lies under another one:
 * it has its own turn. Left-overs of killed processes are passed over.
 */
final class FileWalk {
    private final List<Path> roots;
    private final Set<Path> given;
    private final Deque<Iterator<Path>> open = new ArrayDeque<>();
    private int root = -1;
    private @Nullable Found last;
    private long links;

    FileWalk(List<Path> roots) {
        this.roots = List.copyOf(roots);
        this.given = Set.copyOf(roots);
    }

    /**
     * A file.
     *
     * @param root which of the paths given it was found under
     * @param path where it is
     * @param given whether it was given itself
     */
    record Found(int root, Path path, boolean given) {
        String position() {
            return root + ":" + path;
        }
    }

    /** Goes on behind a position, in whatever state the folders are now. */
    void startBehind(@Nullable String position) throws IOException {
        Found now = last;
        if (position != null && now != null && now.position().equals(position)) {
            return;
        }
        open.clear();
        root = -1;
        last = null;
        if (position == null) {
            return;
        }
        int colon = position.indexOf(':');
        int index = Integer.parseInt(position.substring(0, colon));
        Path behind = Path.of(position.substring(colon + 1));
        root = index;
        if (index < roots.size() && Files.isDirectory(roots.get(index))) {
            Path folder = roots.get(index);
            for (Path name : folder.relativize(behind)) {
                open.push(sorted(folder, name.toString()));
                folder = folder.resolve(name);
                if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                    break;
                }
            }
        }
    }

    /** The next file, or null at the end. */
    @Nullable
    Found next() throws IOException {
        while (true) {
            Iterator<Path> folder = open.peek();
            if (folder == null) {
                if (++root >= roots.size()) {
                    return null;
                }
                Path path = roots.get(root);
                if (!Files.isDirectory(path)) {
                    return found(path, true);
                }
                open.push(sorted(path, null));
            } else if (!folder.hasNext()) {
                open.pop();
            } else {
                Path path = folder.next();
                if (given.contains(path)) {
                    continue;
                }
                if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    open.push(sorted(path, null));
                } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
                        && !path.getFileName().toString().endsWith(Replacement.PARTIAL)) {
                    return found(path, false);
                } else if (Files.isSymbolicLink(path)) {
                    links++;
                }
            }
        }
    }

    /** How many links were not followed since this was asked last. */
    long links() {
        long seen = links;
        links = 0;
        return seen;
    }

    private Found found(Path path, boolean given) {
        Found found = new Found(root, path, given);
        last = found;
        return found;
    }

    private static Iterator<Path> sorted(Path folder, @Nullable String behind) throws IOException {
        List<Path> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                if (behind == null || entry.getFileName().toString().compareTo(behind) > 0) {
                    names.add(entry);
                }
            }
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        names.sort(Comparator.comparing(path -> path.getFileName().toString()));
        return names.iterator();
    }
}
