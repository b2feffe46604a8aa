package io.sealwright.kms;

import java.time.Instant;
import java.util.List;

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

    /** The master key that wraps its newest version, as configured. */
    String masterKey();

    /** Makes a new version, which seals from now on; the one before is deactivated. */
    KeyVersion rotate();

    /**
     * Makes a new version that seals from {@code activeFrom} on, so that every process can open before any seals.
     *
     * @param activeFrom not in the past
     */
    KeyVersion rotate(Instant activeFrom);

    /** Ends sealing under every version; all go on opening. */
    void deactivate();

    /** Ends sealing under one version. */
    void deactivate(int version);

    /** Marks every version compromised: they open only for callers who allow that. */
    void compromise();

    /** Marks one version compromised. */
    void compromise(int version);

    /** Erases the material of every version at once. What was sealed under them is lost for good. */
    void destroyNow();

    /** Erases the material of one version at once. What was sealed under it is lost for good. */
    void destroyNow(int version);

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
