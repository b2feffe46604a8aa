package io.sealwright.kms.core.passphrase;

import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.PassphrasePolicy.Kdf;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How one key was stretched, as it stands before the wrap: function (1 byte), passes (4), memory in KiB (4), lanes (1),
 * salt (16).
 */
final class Stretching {
    static final int SALT_BYTES = 16;
    static final int ENCODED_BYTES = 1 + 4 + 4 + 1 + SALT_BYTES;

    private final PassphrasePolicy policy;
    private final byte[] salt;

    /**
     * New ones.
     *
     * @param salt 16 random bytes; copied
     */
    Stretching(PassphrasePolicy policy, byte[] salt) {
        if (salt.length != SALT_BYTES) {
            throw new IllegalArgumentException("a salt must have " + SALT_BYTES + " bytes, not " + salt.length);
        }
        this.policy = policy;
        this.salt = salt.clone();
    }

    /**
     * Those that stand at the beginning of a recipient's wrap. Nothing of it is authenticated: what is outside the
     * limits is refused here, before any work.
     *
     * @return empty if the wrap is too short, or its function or a parameter is none that this library accepts
     */
    static Optional<Stretching> of(byte[] wrap) {
        if (wrap.length < ENCODED_BYTES) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(wrap, 0, ENCODED_BYTES);
        Kdf kdf = kdf(in.get());
        int passes = in.getInt();
        int memory = in.getInt();
        int lanes = Byte.toUnsignedInt(in.get());
        byte[] salt = new byte[SALT_BYTES];
        in.get(salt);
        if (kdf == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Stretching(new PassphrasePolicy(kdf, passes, memory, lanes), salt));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static @Nullable Kdf kdf(byte id) {
        for (Kdf kdf : Kdf.values()) {
            if (kdf.id() == id) {
                return kdf;
            }
        }
        return null;
    }

    PassphrasePolicy policy() {
        return policy;
    }

    /** 16 bytes; a copy. */
    byte[] salt() {
        return salt.clone();
    }

    /** The 26 bytes before a wrap, and the wrap. */
    byte[] before(byte[] wrap) {
        return ByteBuffer.allocate(ENCODED_BYTES + wrap.length)
                .put((byte) policy.kdf().id())
                .putInt(policy.passes())
                .putInt(policy.memoryKiB())
                .put((byte) policy.lanes())
                .put(salt)
                .put(wrap)
                .array();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Stretching that && policy.equals(that.policy) && Arrays.equals(salt, that.salt);
    }

    @Override
    public int hashCode() {
        return Objects.hash(policy, Arrays.hashCode(salt));
    }
}
