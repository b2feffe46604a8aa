package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.core.crypto.CloneSafeRandom;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/** The 16 random bytes that name a version in headers and rows, as a value that maps can hold. */
record VersionId(long high, long low) {
    static final int BYTES = 16;

    /** Reads 16 bytes. */
    static VersionId of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("a version id must have 16 bytes, not " + bytes.length);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        return new VersionId(in.getLong(), in.getLong());
    }

    static VersionId random(CloneSafeRandom random) {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return of(bytes);
    }

    byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }

    String hex() {
        return HexFormat.of().formatHex(bytes());
    }
}
