package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.HashFunction;
import io.sealwright.kms.core.crypto.Hkdf;
import io.sealwright.kms.core.crypto.Hmac;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * What is derived from a store's own key: the key that authenticates manifests (HMAC-SHA-512 cut to 32 bytes), over a
 * label of this use, the store's id and the manifest, so that no other bytes of ours and no other store's manifest pass.
 */
final class StoreKey implements AutoCloseable {
    static final int KEY_BYTES = 32;
    static final int STORE_ID_BYTES = 16;
    static final int TAG_BYTES = 32;

    private static final byte[] LABEL = "sealwright/manifest/v1".getBytes(StandardCharsets.US_ASCII);
    private static final int MANIFEST_KEY_BYTES = 64;

    private final byte[] storeId;
    private final SecretBytes manifestKey;

    private StoreKey(byte[] storeId, SecretBytes manifestKey) {
        this.storeId = storeId;
        this.manifestKey = manifestKey;
    }

    /** @param key 32 bytes; read during the call, neither kept nor closed */
    static StoreKey of(byte[] storeId, SecretBytes key) {
        byte[] bytes = key.copy();
        byte[] extracted = new byte[0];
        try {
            extracted = Hkdf.extract(new byte[0], bytes);
            byte[] derived = Hkdf.expand(extracted, "manifest".getBytes(StandardCharsets.US_ASCII), MANIFEST_KEY_BYTES);
            return new StoreKey(storeId.clone(), SecretBytes.owning(derived));
        } catch (GeneralSecurityException e) {
            throw KeyErrors.unusable(e);
        } finally {
            Arrays.fill(bytes, (byte) 0);
            Arrays.fill(extracted, (byte) 0);
        }
    }

    /** 8 public bytes that tell one key's material from another's: HKDF-SHA-512 without salt, label {@code check}. */
    static long check(byte[] material) {
        byte[] extracted = new byte[0];
        try {
            extracted = Hkdf.extract(new byte[0], material);
            byte[] check = Hkdf.expand(extracted, "check".getBytes(StandardCharsets.US_ASCII), Long.BYTES);
            return ByteBuffer.wrap(check).getLong();
        } catch (GeneralSecurityException e) {
            throw KeyErrors.unusable(e);
        } finally {
            Arrays.fill(extracted, (byte) 0);
        }
    }

    String storeIdHex() {
        return HexFormat.of().formatHex(storeId);
    }

    /** The manifest's bytes, then their tag. */
    byte[] seal(KeyRecord key) {
        byte[] body = Manifest.encode(key);
        byte[] sealed = Arrays.copyOf(body, body.length + TAG_BYTES);
        System.arraycopy(tag(body), 0, sealed, body.length, TAG_BYTES);
        return sealed;
    }

    /** The tag at the end of what {@link #seal} made. */
    static byte[] tagOf(byte[] sealed) {
        return Arrays.copyOfRange(sealed, Math.max(0, sealed.length - TAG_BYTES), sealed.length);
    }

    /**
     * Checks and reads what {@link #seal} made.
     *
     * @throws io.sealwright.kms.error.StoreException with code KMS_STORE_CORRUPT if it did not
     */
    KeyRecord open(String subject, byte[] sealed) {
        if (sealed.length <= TAG_BYTES) {
            throw KeyErrors.corrupt(subject, "Its manifest is cut short.");
        }
        byte[] body = Arrays.copyOf(sealed, sealed.length - TAG_BYTES);
        byte[] tag = Arrays.copyOfRange(sealed, body.length, sealed.length);
        if (!MessageDigest.isEqual(tag(body), tag)) {
            throw KeyErrors.corrupt(subject, "Its manifest was edited, or belongs to another store.");
        }
        return Manifest.decode(subject, body);
    }

    private byte[] tag(byte[] body) {
        byte[] key;
        try {
            key = manifestKey.copy();
        } catch (IllegalStateException e) {
            throw KeyErrors.closed();
        }
        try {
            return Hmac.tag(HashFunction.SHA_512, key, TAG_BYTES, null, LABEL, storeId, body);
        } catch (GeneralSecurityException e) {
            throw KeyErrors.unusable(e);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    @Override
    public void close() {
        manifestKey.close();
    }

    @Override
    public String toString() {
        return "StoreKey[redacted]";
    }
}
