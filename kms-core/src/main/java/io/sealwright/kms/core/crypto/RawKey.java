package io.sealwright.kms.core.crypto;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * A raw key for the JCA that can be wiped, which {@link javax.crypto.spec.SecretKeySpec} cannot. Owns its copy.
 *
 * <p>What a provider derives from it (key schedules, HMAC pads, SunJCE's copy for its same-key check) is out of reach
 * and goes when its cipher does.
 *
 * <p>Not safe for concurrent use: its owner is exclusive to one thread at a time.
 */
final class RawKey implements SecretKey {
    private static final long serialVersionUID = 1L;

    private final String algorithm;
    private final transient byte[] bytes;
    private boolean destroyed;

    RawKey(String algorithm, byte[] source) {
        this.algorithm = algorithm;
        this.bytes = source.clone();
    }

    @Override
    public String getAlgorithm() {
        return algorithm;
    }

    @Override
    public String getFormat() {
        return "RAW";
    }

    @Override
    public byte[] getEncoded() {
        if (destroyed) {
            throw new IllegalStateException("The key was wiped: its owner was closed.");
        }
        return bytes.clone();
    }

    @Override
    public void destroy() {
        destroyed = true;
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public boolean isDestroyed() {
        return destroyed;
    }

    @Override
    public String toString() {
        return "RawKey[" + algorithm + ", redacted]";
    }

    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException("A key is not written to an object stream.");
    }
}
