package io.sealwright.kms.core.opening;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.namedkey.HeldVersion;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A root that was unwrapped or derived: until when it serves, and which named key's version gave it, if one did. */
final class Root extends CachedSecret {
    private final SecretBytes bytes;
    private final String keyId;
    private final @Nullable HeldVersion version;
    private final @Nullable RootKey source;
    private volatile long refreshAt;
    private volatile long expiresAt;

    /**
     * Takes {@code bytes} over.
     *
     * @param source what it was unwrapped from, or null if it was derived from the version itself
     */
    Root(
            SecretBytes bytes,
            String keyId,
            @Nullable HeldVersion version,
            @Nullable RootKey source,
            long refreshAt,
            long expiresAt) {
        this.bytes = bytes;
        this.source = source;
        this.keyId = keyId;
        this.version = version;
        this.refreshAt = refreshAt;
        this.expiresAt = expiresAt;
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

    boolean expired(long now) {
        return now - expiresAt >= 0;
    }

    /** Whether a refresh is due; true for one caller only until {@code pause} has passed. */
    boolean dueForRefresh(long now, long pause) {
        if (now - refreshAt < 0) {
            return false;
        }
        synchronized (this) {
            if (now - refreshAt < 0) {
                return false;
            }
            refreshAt = now + pause;
            return true;
        }
    }

    /** Serves on: its key gave the same root again. */
    boolean confirmedBy(Root again) {
        byte[] mine = copy();
        byte[] other = again.copy();
        boolean same = mine != null && other != null && java.security.MessageDigest.isEqual(mine, other);
        if (mine != null) {
            Arrays.fill(mine, (byte) 0);
        }
        if (other != null) {
            Arrays.fill(other, (byte) 0);
        }
        if (same) {
            refreshAt = again.refreshAt;
            expiresAt = again.expiresAt;
        }
        return same;
    }

    @Override
    void wipe() {
        bytes.close();
    }
}
