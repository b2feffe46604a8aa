package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.HashFunction;
import io.sealwright.kms.core.crypto.Hmac;
import io.sealwright.kms.core.lease.Lease;
import io.sealwright.kms.core.lease.Terms;
import io.sealwright.kms.core.namedkey.Opened.Source;
import io.sealwright.kms.core.provider.FetchedKey;
import io.sealwright.kms.core.wrapping.WrappingKey;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One version of a named key with its material, in memory. The same object stays while its material does: checks move
 * its {@link #lease}, a change of state shows in {@link #state}. Safe for concurrent use.
 *
 * <p>When its lease does not serve it must not be used: the ring does not hand it out any more. It is wiped about two
 * seconds after it cannot come to serve again, or at once when the version is destroyed or the ring is closed; then its key
 * answers with {@link io.sealwright.kms.error.ClosedException}.
 */
public final class HeldVersion {
    private final KeyEntry entry;
    private final int number;
    private final VersionId id;
    private final KeySpec spec;
    private final @Nullable WrappingKey wrappingKey;
    private final @Nullable SecretBytes macKey;
    private final Lease lease;
    private final Terms terms;
    private final long sealWindow;
    private volatile Source source;
    private volatile KeyState state;
    private volatile @Nullable Instant destroyAt;
    private volatile boolean opens;

    /** @param opened read during the call, neither kept nor closed */
    HeldVersion(KeyEntry entry, KeySpec spec, VersionRecord version, Opened opened, Ages ages, long begun) {
        SecretBytes material = opened.material();
        this.source = opened.source();
        this.terms = ages.terms();
        this.lease = FetchedKey.lease(terms, List.of(source.key()), begun);
        this.sealWindow = ages.sealWindow();
        this.entry = entry;
        this.number = version.number();
        this.id = version.id();
        this.spec = spec;
        this.state = version.state();
        become(version);
        if (spec.mac()) {
            byte[] copy = material.copy();
            this.macKey = SecretBytes.owning(copy);
            this.wrappingKey = null;
        } else {
            this.macKey = null;
            this.wrappingKey = new WrappingKey(version.id().bytes(), material);
        }
    }

    /** The key's name. */
    public String keyName() {
        return entry.name();
    }

    /** The version's number, 1 for the first. */
    public int number() {
        return number;
    }

    /** What headers carry, 16 bytes; a copy. */
    public byte[] id() {
        return id.bytes();
    }

    /** What the key is made of. */
    public KeySpec spec() {
        return spec;
    }

    /** Its state as far as this process knows: what was last read from the store, and what the clock has changed. */
    public KeyState state() {
        return state;
    }

    /** When it is to be destroyed, if that waits: until then it neither seals nor opens. Null if it does not. */
    public @Nullable Instant destroyAt() {
        return destroyAt;
    }

    /** Tells whether it opens for every caller: it is neither compromised nor destroyed, nor awaits destruction. */
    public boolean opensForAll() {
        return opens;
    }

    /**
     * The key that wraps, unwraps and gives the roots of direct messages. Owned by the ring: do not close it.
     *
     * @throws io.sealwright.kms.error.RefusedException if the key is no encryption key
     */
    public WrappingKey wrappingKey() {
        if (wrappingKey == null) {
            throw KeyErrors.wrongSpec(keyName(), spec);
        }
        return wrappingKey;
    }

    /** How long it may serve for opening. */
    public Lease lease() {
        return lease;
    }

    /** Until when it may seal, if nothing happens before, on the scale of {@code TimeSource.nanoTime()}. */
    public long sealsUntil() {
        return lease.servesUntil(sealWindow);
    }

    /** Tells whether this is the version that seals now, as far as this process knows. */
    public boolean isNewestSealing() {
        return entry.sealing() == number;
    }

    VersionId versionId() {
        return id;
    }

    /** The full tag of {@code data} under this version. */
    byte[] mac(byte[] data) {
        if (macKey == null) {
            throw KeyErrors.wrongSpec(keyName(), spec);
        }
        byte[] key;
        try {
            key = macKey.copy();
        } catch (IllegalStateException e) {
            throw KeyErrors.closed();
        }
        HashFunction hash = hash(spec);
        try {
            return Hmac.tag(hash, key, hash.outputBytes(), null, data);
        } catch (GeneralSecurityException e) {
            throw KeyErrors.unusable(e);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    boolean opensAt(long now) {
        return lease.serves(now);
    }

    boolean sealsAt(long now) {
        return now - sealsUntil() < 0;
    }

    /** Which master key gave the material last. */
    Source source() {
        return source;
    }

    /** It was unwrapped again, by the one that is asked next. */
    void renew(Source from, long begun) {
        source = from;
        lease.confirmed(FetchedKey.lease(terms, List.of(from.key()), begun));
    }

    /** Takes its state from a manifest; null if the version is not there any more. */
    void become(@Nullable VersionRecord present) {
        KeyState now = present == null ? KeyState.DESTROYED : present.state();
        Instant waits = present != null && present.awaitsDestruction() ? present.destroyAt() : null;
        opens = false;
        state = now;
        destroyAt = waits;
        opens = waits == null && now != KeyState.COMPROMISED && now != KeyState.DESTROYED;
    }

    void wipe(long now) {
        lease.end(now);
        if (wrappingKey != null) {
            wrappingKey.close();
        }
        if (macKey != null) {
            macKey.close();
        }
    }

    private static HashFunction hash(KeySpec spec) {
        return switch (spec) {
            case HMAC_SHA256 -> HashFunction.SHA_256;
            case HMAC_SHA384 -> HashFunction.SHA_384;
            case HMAC_SHA512 -> HashFunction.SHA_512;
            case AES_256 -> throw new IllegalArgumentException("AES_256 is no HMAC key");
        };
    }

    @Override
    public String toString() {
        return "HeldVersion[" + keyName() + " v" + number + ", redacted]";
    }
}
