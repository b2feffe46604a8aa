package io.sealwright.kms.pkcs11;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;

/**
 * The CKA_ID of a key's version. Ours have 16 bytes: {@code swkv}, the version's number (4 bytes, big-endian), 8 random
 * ones, which keep two versions that two processes make at once apart (and from replacing each other: NSS replaces
 * silently a key whose id is there). A key that somebody else made may have any id, and is version 1.
 */
final class KeyId {
    /** The oldest first; of two versions that were made at once, by their bytes, so that all processes take the same one. */
    static final Comparator<byte[]> BY_AGE =
            Comparator.<byte[]>comparingInt(KeyId::number).thenComparing(Arrays::compareUnsigned);

    private static final byte[] MAGIC = "swkv".getBytes(StandardCharsets.US_ASCII);
    private static final int NUMBER_AT = 4;
    private static final int RANDOM_AT = 8;
    private static final int BYTES = 16;

    private KeyId() {}

    static byte[] make(int number, SecureRandom random) {
        byte[] rest = new byte[BYTES - RANDOM_AT];
        random.nextBytes(rest);
        return ByteBuffer.allocate(BYTES).put(MAGIC).putInt(number).put(rest).array();
    }

    static boolean isOurs(byte[] id) {
        return id.length == BYTES
                && Arrays.equals(id, 0, NUMBER_AT, MAGIC, 0, NUMBER_AT)
                && ByteBuffer.wrap(id).getInt(NUMBER_AT) > 0;
    }

    /** At least 1. */
    static int number(byte[] id) {
        return isOurs(id) ? ByteBuffer.wrap(id).getInt(NUMBER_AT) : 1;
    }

    /** For people and events: number and random part of ours, as in {@code 2-9f86d081884c7d65}; else hex digits. */
    static String shown(byte[] id) {
        HexFormat hex = HexFormat.of();
        if (id.length == 0) {
            return "without id";
        }
        return isOurs(id) ? number(id) + "-" + hex.formatHex(id, RANDOM_AT, BYTES) : hex.formatHex(id);
    }
}
