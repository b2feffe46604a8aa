package io.sealwright.kms;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A key with a name, versions and a state, stored wrapped by the manager's master keys. An object stands for the name,
 * not for a snapshot: each call sees the present. Safe for concurrent use.
 *
 * <p>Methods throw {@link io.sealwright.kms.error.KeyNotFoundException} if the key is gone,
 * {@link io.sealwright.kms.error.RefusedException} if its state does not allow the call, and
 * {@link io.sealwright.kms.error.StoreException} or {@link io.sealwright.kms.error.UnavailableException} if the store or
 * a master key does not answer.
 */
public interface NamedKey {
    /** Thirty days: longer than most work that runs once a month stays unnoticed. */
    Duration DEFAULT_DESTROY_WAIT = Duration.ofDays(30);

    /** Its name. */
    String name();

    /** What it is made of. */
    KeySpec spec();

    /** The state of its newest version, or destroyed if all are. */
    KeyState state();

    /** All versions, oldest first, destroyed ones included. */
    List<KeyVersion> versions();

    /** When it was made. */
    Instant createdAt();

    /** When its newest version was made. */
    Instant rotatedAt();

    /** How often it is rotated by itself, or null if it is not. */
    @Nullable
    Duration rotateEvery();

    /**
     * When it will be rotated by itself: {@link #rotateEvery()} after its newest version began to seal. Null if it is not
     * rotated by itself, or if no version seals or is going to. In the past if nobody has done the work yet.
     */
    @Nullable
    Instant nextRotationAt();

    /** When the last of its versions will be or was erased; null as long as one of them is to stay. */
    @Nullable
    Instant destroyAt();

    /** The master key that wraps its newest version, as configured. */
    String masterKey();

    /**
     * Makes a new version, which seals from now on, or once {@code activateAfter} of the manager has passed; then the one
     * before is deactivated.
     */
    KeyVersion rotate();

    /**
     * Makes a new version that seals from {@code activeFrom} on, so that every process can open before any seals.
     *
     * @param activeFrom not in the past
     */
    KeyVersion rotate(Instant activeFrom);

    /**
     * Has the key rotated by itself, by whichever manager with this store is running then and may do due work. A key
     * whose newest version is older already is rotated soon. Rotations that nobody was there for are not made up for one
     * by one: one follows.
     *
     * @param period 1 hour to 3650 days, counted in milliseconds; null ends it
     * @throws IllegalArgumentException if it is not
     */
    void rotateEvery(@Nullable Duration period);

    /** Ends sealing under every version; all go on opening. */
    void deactivate();

    /** Ends sealing under one version. */
    void deactivate(int version);

    /** Marks every version compromised: they open only for callers who allow that. */
    void compromise();

    /** Marks one version compromised. */
    void compromise(int version);

    /**
     * Erases the material of every version when {@code wait} has passed, unless {@link #cancelDestroy()} comes first.
     * Meanwhile the key neither seals nor opens, so that whoever still needs it finds out while nothing is lost; nor can
     * it be rotated. Versions that have a date already keep it.
     *
     * @param wait 1 to 365 days; {@link #DEFAULT_DESTROY_WAIT} is usual
     * @throws IllegalArgumentException if it is not
     */
    void destroyAfter(Duration wait);

    /** As {@link #destroyAfter(Duration)}, for one version. */
    void destroyAfter(int version, Duration wait);

    /**
     * Takes back every destruction that waits. The versions open again, deactivated (or compromised, if they were): to
     * seal again, rotate.
     */
    void cancelDestroy();

    /** Takes back the destruction of one version. */
    void cancelDestroy(int version);

    /** Erases the material of every version at once. What was sealed under them is lost for good. */
    void destroyNow();

    /** Erases the material of one version at once. What was sealed under it is lost for good. */
    void destroyNow(int version);

    /**
     * Takes the key with all its versions, states and dates out of the store, as one message under one master key.
     * Whoever can use that master key has the key from then on; nothing takes that back. {@code decrypt} does not open
     * it, {@link NamedKeys#importKey} does.
     *
     * @param masterKeyUri one of the manager's master keys that wrap; need not be one that opens the store elsewhere
     * @throws io.sealwright.kms.error.RefusedException if all its versions are destroyed
     * @throws io.sealwright.kms.error.ConfigurationException if the manager has no such master key
     */
    byte[] exportTo(String masterKeyUri);

    /** As {@link #exportTo(String)}, one version alone; it will be the first of the key that is imported. */
    byte[] exportTo(String masterKeyUri, int version);

    /**
     * Hands out the bare bytes of one version, protected by nothing: for moving a key to where only bare bytes are taken.
     *
     * @return {@link KeySpec#materialBytes()} bytes, which the caller closes
     */
    SecretBytes exportInClear(int version);

    /**
     * Authenticates data under the newest version of an HMAC key.
     *
     * @return the 16-byte version id, then the full tag
     */
    byte[] mac(byte[] data);

    /**
     * Checks what {@link #mac} made, under whichever version made it, in constant time.
     *
     * @return false if it does not fit the data, names no version of this key, or is no MAC at all
     */
    boolean verifyMac(byte[] data, byte[] mac);

    /** The bare tag under the newest version, for interoperation; a rotation changes it. */
    byte[] rawMac(byte[] data);
}
