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
    /** Copies the list. */
    public StoredKey {
        versions = List.copyOf(versions);
    }
}
