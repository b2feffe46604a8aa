package io.sealwright.kms.testkit.gcp;

import com.google.cloud.kms.v1.CryptoKey.CryptoKeyPurpose;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.cloud.kms.v1.ProtectionLevel;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator does to the keys of {@link FakeGoogleCloud}, besides what its gRPC service takes. All names are
 * resource names, as {@code projects/p/locations/global/keyRings/r/cryptoKeys/k}. Safe for concurrent use.
 */
public final class FakeKms {
    private final Map<String, FakeKey> keys = new TreeMap<>(); // guarded by this
    private volatile Lie lie = Lie.NONE;

    FakeKms() {}

    /** Makes a symmetric key in software, with one enabled version that is primary. */
    public void create(String key) {
        create(key, CryptoKeyPurpose.ENCRYPT_DECRYPT, ProtectionLevel.SOFTWARE);
    }

    /** Makes a key; of other purposes than ENCRYPT_DECRYPT the fake knows no operation. */
    public synchronized void create(String key, CryptoKeyPurpose purpose, ProtectionLevel protection) {
        FakeKey made = new FakeKey(key, purpose, protection);
        if (keys.putIfAbsent(key, made) != null) {
            throw new IllegalStateException(key + " is there already");
        }
        made.add(CryptoKeyVersionState.ENABLED);
        made.primary = purpose == CryptoKeyPurpose.ENCRYPT_DECRYPT ? 1 : 0;
    }

    /**
     * Puts a version into a state. Unlike Google's, a destroyed version may come back: its material is kept until
     * {@link #destroy}.
     */
    public synchronized void state(String key, int version, CryptoKeyVersionState state) {
        demand(key, version).state = state;
    }

    /** Puts all versions of a key into a state. */
    public synchronized void state(String key, CryptoKeyVersionState state) {
        demand(key).versions.forEach(version -> version.state = state);
    }

    /** Destroys a version for good, as Google does when its time is over. */
    public synchronized void destroy(String key, int version) {
        FakeKey.Version doomed = demand(key, version);
        doomed.state = CryptoKeyVersionState.DESTROYED;
        doomed.material = new byte[0];
    }

    /** Makes a version primary whatever its state. */
    public synchronized void primary(String key, int version) {
        int unused = demand(key, version).number;
        demand(key).primary = version;
    }

    /** The primary version's number; 0 if there is none. */
    public synchronized int primary(String key) {
        return demand(key).primary;
    }

    /** Makes {@code Encrypt} and {@code Decrypt} answer wrongly, until told otherwise. */
    public void lie(Lie now) {
        lie = now;
    }

    Lie lie() {
        return lie;
    }

    /** Null if there is none. */
    synchronized @Nullable FakeKey find(String key) {
        return keys.get(key);
    }

    synchronized @Nullable FakeKey find(long id) {
        return keys.values().stream().filter(key -> key.id == id).findAny().orElse(null);
    }

    private FakeKey demand(String key) {
        FakeKey there = keys.get(key);
        if (there == null) {
            throw new IllegalStateException("there is no " + key);
        }
        return there;
    }

    private FakeKey.Version demand(String key, int version) {
        FakeKey.Version there = demand(key).version(version);
        if (there == null) {
            throw new IllegalStateException(key + " has no version " + version);
        }
        return there;
    }
}
