package io.sealwright.kms.spi;

import java.util.List;

/**
 * One change to one key: all of it or nothing.
 *
 * @param name the key
 * @param expectedGeneration what the key's generation must be now; 0 if it must not be there
 * @param newGeneration what it becomes; greater than the expected one
 * @param manifest the new manifest
 * @param put versions to add, or whose wraps to replace
 * @param erase numbers of versions whose rows are to be overwritten and deleted
 */
public record KeyChange(
        String name,
        long expectedGeneration,
        long newGeneration,
        byte[] manifest,
        List<StoredVersion> put,
        List<Integer> erase) {
    /** Checks the generations and copies the lists. */
    public KeyChange {
        if (expectedGeneration < 0 || newGeneration <= expectedGeneration) {
            throw new IllegalArgumentException(
                    "generation must grow, not go from " + expectedGeneration + " to " + newGeneration);
        }
        put = List.copyOf(put);
        erase = List.copyOf(erase);
    }
}
