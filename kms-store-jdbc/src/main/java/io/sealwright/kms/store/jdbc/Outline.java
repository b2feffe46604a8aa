package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.StoredVersion;
import java.util.ArrayList;
import java.util.List;

/**
 * How large a key is, before it is read.
 *
 * @param name the key
 * @param bytes of manifest and wraps
 * @param sound whether its rows are as this library writes them, and small enough to be read with others
 */
record Outline(String name, long bytes, boolean sound) {
    /** So much is read into memory at a time, keys that are larger by themselves apart. */
    static final long MOST_BYTES = 8L * StoredVersion.MAX_WRAPS_BYTES;

    /** Cuts a list into parts that are read at a time: sound keys in a row, or one that is not. */
    static List<List<Outline>> parts(List<Outline> all) {
        List<List<Outline>> parts = new ArrayList<>();
        List<Outline> part = new ArrayList<>();
        long bytes = 0;
        for (Outline one : all) {
            boolean fits = one.sound() && !part.isEmpty() && part.get(0).sound() && bytes + one.bytes() <= MOST_BYTES;
            if (!fits) {
                part = new ArrayList<>();
                parts.add(part);
                bytes = 0;
            }
            part.add(one);
            bytes += one.bytes();
        }
        return parts;
    }
}
