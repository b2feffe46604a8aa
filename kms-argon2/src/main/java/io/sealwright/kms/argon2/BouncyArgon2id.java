package io.sealwright.kms.argon2;

import io.sealwright.kms.spi.Argon2id;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/** Argon2id of RFC 9106 by Bouncy Castle's light-weight interface: no JCA provider is installed. */
public final class BouncyArgon2id implements Argon2id {
    private static final int MIN_SALT_BYTES = 8;
    private static final int MIN_TAG_BYTES = 4;
    private static final int BLOCKS_PER_LANE = 8;
    private static final int MOST_LANES = (1 << 24) - 1;
    private static final byte[] NONE = new byte[0];

    /** For {@link java.util.ServiceLoader}. */
    public BouncyArgon2id() {}

    @Override
    public byte[] derive(byte[] passphrase, byte[] salt, int memoryKiB, int passes, int lanes, int bytes) {
        return derive(Argon2Parameters.ARGON2_id, passphrase, salt, NONE, NONE, memoryKiB, passes, lanes, bytes);
    }

    /** All inputs of the RFC, which its vectors have. */
    static byte[] derive(
            int type,
            byte[] passphrase,
            byte[] salt,
            byte[] secret,
            byte[] associatedData,
            int memoryKiB,
            int passes,
            int lanes,
            int bytes) {
        // RFC 9106, section 3.1
        require(salt.length >= MIN_SALT_BYTES, "a salt has at least 8 bytes, not " + salt.length);
        require(lanes >= 1 && lanes <= MOST_LANES, "lanes must be 1 to 2^24 - 1, not " + lanes);
        require(passes >= 1, "passes must be at least 1, not " + passes);
        require(
                memoryKiB >= (long) BLOCKS_PER_LANE * lanes,
                "memory must be at least 8 KiB a lane, not " + memoryKiB + " KiB for " + lanes);
        require(bytes >= MIN_TAG_BYTES, "a tag has at least 4 bytes, not " + bytes);
        Argon2Parameters parameters = new Argon2Parameters.Builder(type)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withSalt(salt)
                .withSecret(secret)
                .withAdditional(associatedData)
                .withMemoryAsKB(memoryKiB)
                .withIterations(passes)
                .withParallelism(lanes)
                .build();
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(parameters);
        byte[] tag = new byte[bytes];
        generator.generateBytes(passphrase, tag);
        return tag;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
