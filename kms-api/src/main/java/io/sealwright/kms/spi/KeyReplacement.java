package io.sealwright.kms.spi;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A whole key to stand in the place of what there is of it, as a restore writes it. Arrays are not copied and not to be
 * changed.
 *
 * @param name the key, {@code [A-Za-z0-9][A-Za-z0-9._-]{0,127}}
 * @param expectedGeneration what the key's generation must be now; 0 if it must not be there; {@link #ANY_GENERATION} if
 *     what is there is damaged and does not count
 * @param newGeneration what it becomes; greater than the expected one
 * @param manifest the new manifest, at most 16 MiB
 * @param versions all versions that have material
 * @param erased all versions that had material once: their ids stay known to {@link NamedKeyStore#nameOf}
 * @param dueAt as in {@link KeyChange}
 */
public record KeyReplacement(
        String name,
        long expectedGeneration,
        long newGeneration,
        byte[] manifest,
        List<StoredVersion> versions,
        List<ErasedVersion> erased,
        @Nullable Instant dueAt) {
    /** Stands for whatever generation there is, or none. */
    public static final long ANY_GENERATION = -1;

    /**
     * A version without material.
     *
     * @param number 1 for the first
     * @param id 16 bytes
     */
    public record ErasedVersion(int number, byte[] id) {
        /** Checks number and length. */
        public ErasedVersion {
            if (number < 1) {
                throw new IllegalArgumentException("version number must be at least 1, not " + number);
            }
            if (id.length != StoredVersion.ID_BYTES) {
                throw new IllegalArgumentException("version id must have 16 bytes, not " + id.length);
            }
        }
    }

    /** Checks name, generations, length and that no version stands twice; copies the lists. */
    public KeyReplacement {
        Objects.requireNonNull(manifest, "manifest");
        versions = List.copyOf(versions);
        erased = List.copyOf(erased);
        if (expectedGeneration < ANY_GENERATION || newGeneration < 1) {
            throw new IllegalArgumentException(
                    "generation must grow, not go from " + expectedGeneration + " to " + newGeneration);
        }
        // The rest is what a change must be as well.
        KeyChange unused = new KeyChange(
                name, Math.max(0, expectedGeneration), newGeneration, manifest, versions, List.of(), dueAt);
        Set<Integer> numbers = new HashSet<>();
        versions.forEach(version -> numbers.add(version.number()));
        for (ErasedVersion version : erased) {
            if (!numbers.add(version.number())) {
                throw new IllegalArgumentException("version " + version.number() + " stands twice in one key");
            }
        }
    }
}
