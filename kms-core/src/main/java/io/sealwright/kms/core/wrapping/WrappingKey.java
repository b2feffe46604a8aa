package io.sealwright.kms.core.wrapping;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.crypto.Hkdf;
import io.sealwright.kms.core.crypto.Xaes256Gcm;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.function.Consumer;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * One version of a symmetric key that this process holds, made ready to wrap other keys. Its bytes are never used raw:
 * everything comes out of HKDF-SHA-512 without salt, one label a purpose, so that no two uses can meet. What it wraps
 * opens only under the same key, version id, purpose and context.
 *
 * <table>
 * <caption>Derived from the material</caption>
 * <tr><th>label</th><th>bytes</th><th>use</th></tr>
 * <tr><td>{@code wrap}</td><td>32</td><td>XAES-256-GCM key of the wraps</td></tr>
 * <tr><td>{@code check}</td><td>8</td><td>key check: public, tells keys apart</td></tr>
 * <tr><td>{@code direct}</td><td>32</td><td>root of direct messages</td></tr>
 * <tr><td>{@code id}</td><td>16</td><td>version id of a key that came without one</td></tr>
 * </table>
 *
 * <p>Safe for concurrent use.
 */
public final class WrappingKey implements AutoCloseable {
    /** Length of a version id. */
    public static final int VERSION_ID_BYTES = 16;
    /** Length of a key check. */
    public static final int CHECK_BYTES = 8;
    /** Length of a recipient id: version id, then key check. */
    public static final int RECIPIENT_ID_BYTES = VERSION_ID_BYTES + CHECK_BYTES;
    /** Length of the root that {@link #directRoot} gives. */
    public static final int DIRECT_ROOT_BYTES = 32;
    /** The shortest key that can be wrapped, and the shortest material. */
    public static final int MIN_KEY_BYTES = 16;
    /** The longest key that can be wrapped, and the longest material. */
    public static final int MAX_KEY_BYTES = 64;

    private static final byte[] CONTEXT_LABEL = ascii("sealwright/v1");
    private static final int EXTRACTED_BYTES = 64;

    private final byte[] recipientId;
    private final SecretBytes direct;
    private final Xaes256Gcm cipher;
    private final Consumer<byte[]> nonces;
    private volatile boolean closed;

    /**
     * Derives everything from the material.
     *
     * @param versionId 16 bytes, as the key's owner drew them; copied
     * @param material 16 to 64 bytes; read during the call, neither kept nor closed
     */
    public WrappingKey(byte[] versionId, SecretBytes material) {
        this(Derived.of(versionId.clone(), material), new CloneSafeRandom()::nextBytes);
    }

    /** For tests: nonces as given. */
    WrappingKey(byte[] versionId, SecretBytes material, Consumer<byte[]> nonces) {
        this(Derived.of(versionId.clone(), material), nonces);
    }

    private WrappingKey(Derived derived, Consumer<byte[]> nonces) {
        this.recipientId = derived.recipientId;
        this.direct = derived.direct;
        this.cipher = derived.cipher;
        this.nonces = nonces;
    }

    /**
     * A key that came without a version id, such as one from an environment variable: its id is derived from it.
     *
     * @param material 16 to 64 bytes; read during the call, neither kept nor closed
     */
    public static WrappingKey bare(SecretBytes material) {
        return new WrappingKey(Derived.of(null, material), new CloneSafeRandom()::nextBytes);
    }

    /** The version's id, 16 bytes; a copy. */
    public byte[] versionId() {
        return Arrays.copyOf(recipientId, VERSION_ID_BYTES);
    }

    /** The key check, 8 bytes; a copy. Public: it stands in headers. */
    public byte[] check() {
        return Arrays.copyOfRange(recipientId, VERSION_ID_BYTES, RECIPIENT_ID_BYTES);
    }

    /** What headers name this key by: version id, then key check, 24 bytes; a copy. */
    public byte[] recipientId() {
        return recipientId.clone();
    }

    /**
     * The root of direct messages, 32 bytes; a copy, which the caller wipes.
     *
     * @throws ClosedException if this key was closed
     */
    public byte[] directRoot() {
        try {
            return direct.copy();
        } catch (IllegalStateException e) {
            throw closedOr(e);
        }
    }

    /** {@link #wrap(byte[], WrapBinding)} of a secret, which is neither kept nor closed. */
    public byte[] wrap(SecretBytes key, WrapBinding binding) {
        byte[] bytes = key.copy();
        try {
            return wrap(bytes, binding);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /**
     * Wraps a key by XAES-256-GCM: 24 random bytes of nonce, ciphertext, 16 bytes of tag.
     *
     * @param key 16 to 64 bytes; read during the call, neither kept nor wiped
     * @return 40 bytes more than the key
     * @throws IllegalArgumentException if the key is shorter or longer
     * @throws ClosedException if this key was closed
     */
    public byte[] wrap(byte[] key, WrapBinding binding) {
        requireKeyLength(key.length);
        byte[] nonce = new byte[Xaes256Gcm.NONCE_BYTES];
        nonces.accept(nonce);
        try {
            return cipher.wrap(nonce, key, associatedData(versionId(), binding));
        } catch (GeneralSecurityException e) {
            throw unusable(e);
        } catch (IllegalStateException e) {
            throw closedOr(e);
        }
    }

    /**
     * Unwraps what {@link #wrap(byte[], WrapBinding)} made.
     *
     * @param wrap as it stands in the header; any length, since it is not authenticated yet
     * @param versionIdFromHeader the first 16 bytes of the recipient's id. It need not be this key's: the same key may
     *     have been given another id since
     * @return the key, which the caller closes
     * @throws AuthenticationFailedException if this key, the wrap, the id or the binding are not those of the wrapping
     * @throws ClosedException if this key was closed
     */
    public SecretBytes unwrap(byte[] wrap, byte[] versionIdFromHeader, WrapBinding binding) {
        int keyBytes = wrap.length - Xaes256Gcm.WRAP_OVERHEAD_BYTES;
        if (keyBytes < MIN_KEY_BYTES || keyBytes > MAX_KEY_BYTES || versionIdFromHeader.length != VERSION_ID_BYTES) {
            throw new AuthenticationFailedException();
        }
        try {
            return SecretBytes.owning(cipher.unwrap(wrap, associatedData(versionIdFromHeader, binding)));
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw unusable(e);
        } catch (IllegalStateException e) {
            throw closedOr(e);
        }
    }

    /** Wipes what was derived. Calls under way end well; later ones throw {@link ClosedException}. */
    @Override
    public void close() {
        closed = true;
        direct.close();
        cipher.close();
    }

    @Override
    public String toString() {
        return "WrappingKey[redacted]";
    }

    /** Tells whether 8 bytes of {@code id}, from {@code from}, are this key's check. The check is public. */
    boolean hasCheck(byte[] id, int from) {
        return Arrays.equals(recipientId, VERSION_ID_BYTES, RECIPIENT_ID_BYTES, id, from, from + CHECK_BYTES);
    }

    /** Tells whether the first 16 bytes of {@code id} are this key's version id. */
    boolean hasVersionId(byte[] id) {
        return Arrays.equals(recipientId, 0, VERSION_ID_BYTES, id, 0, VERSION_ID_BYTES);
    }

    /** Label, purpose, version id behind its length, context in its canonical encoding. */
    static byte[] associatedData(byte[] versionId, WrapBinding binding) {
        byte[] context = binding.context().encoded();
        return ByteBuffer.allocate(CONTEXT_LABEL.length + 1 + 2 + versionId.length + context.length)
                .put(CONTEXT_LABEL)
                .put((byte) binding.purpose().id())
                .putShort((short) versionId.length)
                .put(versionId)
                .put(context)
                .array();
    }

    private static void requireKeyLength(int length) {
        if (length < MIN_KEY_BYTES || length > MAX_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "a key must have " + MIN_KEY_BYTES + " to " + MAX_KEY_BYTES + " bytes, not " + length);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private RuntimeException closedOr(IllegalStateException cause) {
        if (!closed) {
            return cause;
        }
        return new ClosedException(
                "The key was closed.",
                "The manager that it belongs to was closed, or dropped it.",
                "Open a new KeyManager, or keep the old one open until the last call has ended.");
    }

    private static ConfigurationException unusable(GeneralSecurityException cause) {
        return new ConfigurationException(
                "Keys cannot be wrapped in this process.",
                "The Java security providers of this machine gave no usable AES/GCM, AES/ECB or HMAC-SHA-512.",
                "Check java.security's list of providers: SunJCE has all three.",
                cause);
    }

    /** What the constructor needs at once, so that nothing stays behind when a derivation fails half way. */
    private static final class Derived {
        private final byte[] recipientId;
        private final SecretBytes direct;
        private final Xaes256Gcm cipher;

        private Derived(byte[] recipientId, SecretBytes direct, Xaes256Gcm cipher) {
            this.recipientId = recipientId;
            this.direct = direct;
            this.cipher = cipher;
        }

        static Derived of(byte @Nullable [] versionId, SecretBytes material) {
            if (versionId != null && versionId.length != VERSION_ID_BYTES) {
                throw new IllegalArgumentException(
                        "a version id must have " + VERSION_ID_BYTES + " bytes, not " + versionId.length);
            }
            requireKeyLength(material.length());
            byte[] bytes = material.copy();
            byte[] extracted = new byte[0];
            byte[] wrapKey = new byte[0];
            try {
                extracted = Hkdf.extract(new byte[0], bytes);
                if (extracted.length != EXTRACTED_BYTES) {
                    throw new KmsBugException("HKDF-SHA-512 extracted " + extracted.length + " bytes", null);
                }
                wrapKey = Hkdf.expand(extracted, ascii("wrap"), Xaes256Gcm.KEY_BYTES);
                byte[] id = versionId != null ? versionId : Hkdf.expand(extracted, ascii("id"), VERSION_ID_BYTES);
                byte[] recipientId = Arrays.copyOf(id, RECIPIENT_ID_BYTES);
                byte[] check = Hkdf.expand(extracted, ascii("check"), CHECK_BYTES);
                System.arraycopy(check, 0, recipientId, VERSION_ID_BYTES, CHECK_BYTES);
                Xaes256Gcm cipher = new Xaes256Gcm(wrapKey, null);
                byte[] direct = Hkdf.expand(extracted, ascii("direct"), DIRECT_ROOT_BYTES);
                return new Derived(recipientId, SecretBytes.owning(direct), cipher);
            } catch (GeneralSecurityException e) {
                throw unusable(e);
            } finally {
                Arrays.fill(bytes, (byte) 0);
                Arrays.fill(extracted, (byte) 0);
                Arrays.fill(wrapKey, (byte) 0);
            }
        }
    }
}
