package io.sealwright.kms.spi;

import java.util.Objects;

/**
 * One version's material as stored: wrapped. Arrays are not copied and not to be changed.
 *
 * @param number 1 for the first
 * @param id 16 bytes, unique in the store
 * @param wraps the material wrapped by each master key; opaque to stores, 1 byte to 1 MiB
 */
public record StoredVersion(int number, byte[] id, byte[] wraps) {
    /** Length of an id in bytes. */
    public static final int ID_BYTES = 16;

    /** The most bytes all wraps of one version may have. */
    public static final int MAX_WRAPS_BYTES = 1 << 20;

    /** Checks number and lengths. */
    public StoredVersion {
        Objects.requireNonNull(wraps, "wraps");
        if (number < 1) {
            throw new IllegalArgumentException("version number must be at least 1, not " + number);
        }
        if (id.length != ID_BYTES) {
            throw new IllegalArgumentException("version id must have 16 bytes, not " + id.length);
        }
        if (wraps.length < 1 || wraps.length > MAX_WRAPS_BYTES) {
            throw new IllegalArgumentException("wraps must have 1 byte to 1 MiB, not " + wraps.length + " bytes");
        }
    }
}
