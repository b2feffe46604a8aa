package io.sealwright.kms.core.local;

import io.sealwright.kms.error.KeyFileException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One key file on the disk. What it writes is there whole or not at all, whatever happens meanwhile: a new file is
 * written beside the old one, brought down to the disk and renamed, under a lock that all writers take. Readers take
 * no lock. Safe for concurrent use by threads and processes.
 */
final class KeyFileStore {
    private static final String SUFFIX = ".tmp";

    /** The one key that the command line and {@code embedded()} make; files of other names are put there by people. */
    private static final String MADE_BY_US = "local://default";

    private final Path file;
    private final String uri;
    private final Duration deadline;
    private final Disk disk;
    private final SecureRandom random = new SecureRandom();

    /**
     * Touches nothing yet.
     *
     * @param uri of the key, for messages
     * @param deadline how long to wait for other writers
     */
    KeyFileStore(Path file, String uri, Duration deadline, Disk disk) {
        this.file = file;
        this.uri = uri;
        this.deadline = deadline;
        this.disk = disk;
    }

    /** Contents, and the stamp of before they were read: a change in between shows as a stamp that differs. */
    record Loaded(KeyFile contents, Disk.Stamp stamp) {}

    Path file() {
        return file;
    }

    /** Asks the disk whether the file is still the one that was read; reads no contents. */
    Disk.Stamp stamp() {
        return facts().stamp();
    }

    /**
     * Reads the file.
     *
     * @throws KeyNotFoundException if it is not there
     * @throws KeyFileException if it is no regular file, open to all, unreadable or damaged
     */
    Loaded load() {
        Disk.Facts facts = facts();
        if (!facts.regular()) {
            throw unusable("It is no regular file.", "Check the path, or put the key file there.", null);
        }
        if (facts.open()) {
            throw unusable(
                    "Users other than its owner and group may read or write it.",
                    "Run: chmod 600 " + file + " (in Kubernetes, mount the secret with defaultMode: 0400).",
                    null);
        }
        if (facts.stamp().size() > KeyFile.MAX_BYTES) {
            throw KeyFile.tooLong(file);
        }
        byte[] text = new byte[0];
        try {
            text = disk.read(file, KeyFile.MAX_BYTES);
            return new Loaded(KeyFile.parse(file, text), facts.stamp());
        } catch (IOException e) {
            throw unreadable(e);
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    /**
     * Makes the file unless it is there. However many threads and processes do so at once, one file comes of it.
     *
     * @return whether this call made it
     */
    boolean createIfMissing(Supplier<KeyFile> fresh) {
        try {
            if (disk.exists(file)) {
                // Whoever just made it may not have come as far as this yet, and what is sealed with a key whose name
                // is not on the disk is lost with the power.
                forceNames();
                return false;
            }
            disk.makeFolders(folder(file));
            try (FileGuard guard = FileGuard.acquire(lockFile(file), deadline)) {
                boolean made = false;
                if (!disk.exists(file)) {
                    try (KeyFile contents = fresh.get()) {
                        made = write(file, contents, true);
                    }
                }
                forceNames();
                return made;
            }
        } catch (IOException e) {
            throw unwritable("made", e);
        }
    }

    /**
     * Replaces the contents by what {@code change} makes of them, which is closed then.
     *
     * @throws KmsException whatever {@link #load} or {@code change} throw; the file then stays as it was
     */
    void update(UnaryOperator<KeyFile> change) {
        try {
            // A link's target is replaced, not the link.
            Path real = disk.exists(file) ? file.toRealPath() : file;
            try (FileGuard guard = FileGuard.acquire(lockFile(real), deadline)) {
                KeyFile before = load().contents();
                try (before;
                        KeyFile after = change.apply(before)) {
                    write(real, after, false);
                }
            }
        } catch (NoSuchFileException e) {
            throw danglingOrMissing(e);
        } catch (IOException e) {
            throw unwritable("changed", e);
        }
    }

    private boolean write(Path target, KeyFile contents, boolean create) throws IOException {
        byte[] text = contents.encode();
        Path temporary = folder(target).resolve(temporaryPrefix(target) + randomName() + SUFFIX);
        try {
            if (text.length > KeyFile.MAX_BYTES) {
                throw unusable(
                        "It would grow over " + KeyFile.MAX_BYTES + " bytes.",
                        "Make a new key, and re-wrap what the old one wrapped.",
                        null);
            }
            KeyFile.parse(target, text).close(); // never write what could not be read
            deleteLeftOvers(target);
            disk.writeNew(temporary, text);
            if (create) {
                if (!disk.publish(temporary, target)) {
                    return false;
                }
            } else {
                disk.replace(temporary, target);
            }
            disk.forceFolder(folder(target));
            return true;
        } finally {
            Arrays.fill(text, (byte) 0);
            disk.delete(temporary);
        }
    }

    /** Brings the names of the file, its folder and the home down to the disk, as far as this user may. */
    private void forceNames() throws IOException {
        @Nullable Path folder = folder(file);
        for (int level = 0; level < 3 && folder != null; level++) {
            try {
                disk.forceFolder(folder);
            } catch (AccessDeniedException e) {
                return; // a folder of somebody else's, so nothing was made in it just now
            }
            folder = folder.getParent();
        }
    }

    /** Whoever was killed while writing left a temporary file; under the lock there is no other writer. */
    private void deleteLeftOvers(Path target) throws IOException {
        String prefix = temporaryPrefix(target);
        DirectoryStream.Filter<Path> filter = path -> {
            String name = String.valueOf(path.getFileName());
            return name.startsWith(prefix) && name.endsWith(SUFFIX);
        };
        try (DirectoryStream<Path> leftOvers = Files.newDirectoryStream(folder(target), filter)) {
            for (Path leftOver : leftOvers) {
                disk.delete(leftOver);
            }
        }
    }

    private Disk.Facts facts() {
        try {
            return disk.facts(file);
        } catch (NoSuchFileException e) {
            throw danglingOrMissing(e);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private KmsException danglingOrMissing(IOException cause) {
        if (disk.exists(file)) {
            return unusable(
                    "It is a link that leads nowhere.",
                    "Mount or restore what it points at, or remove the link.",
                    cause);
        }
        return new KeyNotFoundException(
                "The key " + uri + " is not there.",
                "There is no file " + file + ".",
                (uri.equals(MADE_BY_US)
                                ? "Make it with: kms master-key bootstrap --create, or in a program with"
                                        + " KeyManager.embedded(); or set KMS_HOME to where it is,"
                                : "Set KMS_HOME to where it is,")
                        + " or restore the file from a backup.",
                cause);
    }

    private KmsException unreadable(IOException cause) {
        if (cause instanceof ClosedByInterruptException) {
            return FileGuard.interrupted(file, cause);
        }
        if (cause instanceof AccessDeniedException) {
            return unusable(
                    "This user may not read it.",
                    "Give it to the user who runs this program, or to a group of theirs: mode 0400, 0440 or 0600.",
                    cause);
        }
        return unusable("Reading it failed.", "See the cause, and check the disk.", cause);
    }

    private KmsException unwritable(String made, IOException cause) {
        if (cause instanceof ClosedByInterruptException) {
            return FileGuard.interrupted(file, cause);
        }
        return new KeyFileException(
                "The key file " + file + " could not be " + made + ".",
                cause instanceof AccessDeniedException
                        ? "This user may not write to its folder."
                        : "Writing failed: the disk is full or read-only, or the path is no folder's.",
                "Mend that and repeat; nothing was left half written.",
                cause);
    }

    private KeyFileException unusable(String why, String remedy, @Nullable Throwable cause) {
        return new KeyFileException("The key file " + file + " cannot be used.", why, remedy, cause);
    }

    private String randomName() {
        byte[] bytes = new byte[8];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private static Path folder(Path file) {
        @Nullable Path parent = file.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IllegalArgumentException("a key file lies in a folder");
        }
        return parent;
    }

    private static Path lockFile(Path file) {
        return file.resolveSibling(file.getFileName() + ".lock");
    }

    private static String temporaryPrefix(Path target) {
        return "." + target.getFileName() + ".";
    }
}
