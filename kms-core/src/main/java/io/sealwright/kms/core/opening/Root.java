package io.sealwright.kms.core.opening;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.lease.Lease;
import io.sealwright.kms.core.namedkey.HeldVersion;
import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A root that was unwrapped or derived, and which named key's version gave it, if one did. One that a master key unwrapped
 * has a lease of its own; one of a named key shares that of the version.
 */
final class Root extends CachedSecret {
    private final SecretBytes bytes;
    private final String keyId;
    private final @Nullable HeldVersion version;
    private final @Nullable RootKey source;
    private final Lease lease;
    private volatile boolean worked;

    /**
     * Takes {@code bytes} over.
     *
     * @param source what it was unwrapped from, or null if it was derived from the version itself
     */
    Root(SecretBytes bytes, String keyId, @Nullable HeldVersion version, @Nullable RootKey source, Lease lease) {
        this.bytes = bytes;
        this.source = source;
        this.keyId = keyId;
        this.version = version;
        this.lease = lease;
    }

    /** The root; a copy, or null if it was dropped meanwhile. */
    byte @Nullable [] copy() {
        try {
            return bytes.copy();
        } catch (IllegalStateException e) {
            return null;
        }
    }

    /** What names the key for people: a recipient's id or a version's. */
    String keyId() {
        return keyId;
    }

    @Nullable
    HeldVersion version() {
        return version;
    }

    @Nullable
    RootKey source() {
        return source;
    }

    Lease lease() {
        return lease;
    }

    /** It fitted a header: what its provider gave was right. */
    void works() {
        if (!worked) {
            worked = true;
        }
    }

    /** Whether it ever fitted a header. */
    boolean worked() {
        return worked;
    }

    boolean serves(long now) {
        return lease.serves(now);
    }

    /** Whether it is the same; then its key gave it again. */
    boolean equalTo(Root again) {
        byte[] mine = copy();
        byte[] other = again.copy();
        boolean same = mine != null && other != null && MessageDigest.isEqual(mine, other);
        if (mine != null) {
            Arrays.fill(mine, (byte) 0);
        }
        if (other != null) {
            Arrays.fill(other, (byte) 0);
        }
        return same;
    }

    @Override
    void wipe() {
        bytes.close();
    }
}
