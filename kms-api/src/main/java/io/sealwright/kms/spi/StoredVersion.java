package io.sealwright.kms.spi;

/**
 * One version's material as stored: wrapped. Arrays are not copied and not to be changed.
 *
 * @param number 1 for the first
 * @param id 16 bytes, unique in the store
 * @param wraps the material wrapped by each master key; opaque to stores, at most 1 MiB
 */
public record StoredVersion(int number, byte[] id, byte[] wraps) {}
