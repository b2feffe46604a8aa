package io.sealwright.kms.spi;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One change to one key: all of it or nothing. Arrays are not copied and not to be changed.
 *
 * @param name the key, {@code [A-Za-z0-9][A-Za-z0-9._-]{0,127}}
 * @param expectedGeneration what the key's generation must be now; 0 if it must not be there
 * @param newGeneration what it becomes; greater than the expected one
 * @param manifest the new manifest, at most 16 MiB
 * @param put versions to add, or whose wraps to replace (same number and same id as before)
 * @param erase numbers of versions whose wraps are to be overwritten and deleted; their ids stay known to
 *     {@link NamedKeyStore#nameOf}. One that is erased already is left so
 * @param dueAt when the engine will have something to do for the key by itself, whole milliseconds from 1970 on, or null
 *     if never; replaces the one before. For {@link NamedKeyStore#due} only: the manifest has the last word
 */
public record KeyChange(
        String name,
        long expectedGeneration,
        long newGeneration,
        byte[] manifest,
        List<StoredVersion> put,
        List<Integer> erase,
        @Nullable Instant dueAt) {
    /** Checks name, generations, length and that no version stands twice; copies the lists. */
    public KeyChange {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
            throw new IllegalArgumentException("key name must be of [A-Za-z0-9][A-Za-z0-9._-]{0,127}");
        }
        if (expectedGeneration < 0 || newGeneration <= expectedGeneration) {
            throw new IllegalArgumentException(
                    "generation must grow, not go from " + expectedGeneration + " to " + newGeneration);
        }
        if (manifest.length > StoredKey.MAX_MANIFEST_BYTES) {
            throw new IllegalArgumentException("manifest must have at most 16 MiB, not " + manifest.length + " bytes");
        }
        if (dueAt != null && dueAt.isBefore(Instant.EPOCH)) {
            throw new IllegalArgumentException("dueAt must not be before 1970: " + dueAt);
        }
        put = List.copyOf(put);
        erase = List.copyOf(erase);
        Set<Integer> numbers = new HashSet<>(erase);
        for (StoredVersion version : put) {
            if (!numbers.add(version.number())) {
                throw new IllegalArgumentException("version " + version.number() + " stands twice in one change");
            }
        }
    }
}
