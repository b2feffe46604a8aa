package io.sealwright.kms.spi;

import java.util.List;

/**
 * One named key as stored.
 *
 * @param name its name
 * @param generation grows by at least one with every change of the manifest
 * @param manifest the sealed manifest; opaque to stores, at most 16 MiB; not copied, not to be changed
 * @param versions the versions that still have material, sorted by number
 */
public record StoredKey(String name, long generation, byte[] manifest, List<StoredVersion> versions) {
    /** The most bytes a manifest may have. */
    public static final int MAX_MANIFEST_BYTES = 16 << 20;

    /** The most bytes the wraps of all versions of one key may have together: what one read may bring into memory. */
    public static final int MAX_TOTAL_WRAPS_BYTES = 64 << 20;

    /** Copies the list. */
    public StoredKey {
        versions = List.copyOf(versions);
    }
}
