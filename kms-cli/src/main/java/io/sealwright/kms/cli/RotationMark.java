package io.sealwright.kms.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A file that says: a new version of the master key was made, and not everything in the store is under it yet. So a
 * rotation that was killed is finished by the next call instead of making one more version. Which keys are done is told
 * by their wraps; losing this file costs one version more, and no key.
 */
final class RotationMark {
    /** Its name in the home. */
    static final String NAME = ".master-key-rotation";

    private final Path file;
    private final String store;
    private final String text;

    RotationMark(Path home, String masterKey, String store) {
        this.file = home.resolve(NAME);
        this.store = store;
        this.text = masterKey + "\n" + store + "\n";
    }

    /** Whether a rotation of this master key was begun for this store, and not finished. */
    boolean isSet() {
        try {
            return Files.isRegularFile(file) && Files.readString(file).equals(text);
        } catch (IOException e) {
            return false;
        }
    }

    /** One that was not written to its end stands in the home of this store as well. */
    private boolean isOfThisStore(List<String> lines) {
        return lines.size() < 2 || lines.get(1).equals(store);
    }

    void set() {
        try {
            Files.deleteIfExists(file);
            Files.createFile(file, OwnerOnly.file(file));
            Files.writeString(file, text);
        } catch (IOException e) {
            // A home that is not there or not ours to write: a rotation that is killed now makes one version more.
        }
    }

    /**
     * Takes it away, once everything in the store is under the newest version of the master key that wraps now: then no
     * rotation of this store is unfinished, of whichever master key it was. That of another store stays.
     */
    void clear() {
        try {
            if (Files.isRegularFile(file) && isOfThisStore(Files.readAllLines(file))) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // The next rotation finds everything done, clears it, and says so.
        }
    }
}
