package io.sealwright.kms.core.crypto;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Provider;
import java.util.Arrays;
import java.util.Objects;
import javax.crypto.AEADBadTagException;
import org.jspecify.annotations.Nullable;

/**
 * The key, base nonce and commitment of one chunked message (C2SP chunked-encryption, Cobblestone-256).
 *
 * <p>There are two ways to get one, so that the order cannot be wrong: {@link #forSealing} derives from a new salt,
 * {@link #forOpening} derives from a received head and refuses before any chunk can be tried if its commitment is not
 * the derived one. Keys for opening refuse to seal: that would repeat the message's nonces.
 *
 * <p>Safe for concurrent use: any number of threads make {@link ChunkedCipher} workers from it.
 *
 * @see <a href="https://c2sp.org/chunked-encryption">C2SP, chunked-encryption</a>
 */
public final class ChunkKeys implements AutoCloseable {
    /** Input key length. */
    public static final int INPUT_KEY_BYTES = 32;
    /** Salt length. */
    public static final int SALT_BYTES = 24;
    /** Commitment length. */
    public static final int COMMITMENT_BYTES = 32;
    /** What precedes the chunks: salt and commitment. */
    public static final int HEAD_BYTES = SALT_BYTES + COMMITMENT_BYTES;

    private static final byte[] INFO_PREFIX =
            "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0".getBytes(StandardCharsets.US_ASCII);

    private final boolean forSealing;
    private final @Nullable Provider provider;
    private final byte[] head; // salt, commitment: public
    private final byte[] key; // guarded by this
    private final byte[] baseNonce; // guarded by this
    private boolean closed; // guarded by this

    private ChunkKeys(boolean forSealing, byte[] inputKey, byte[] salt, byte[] context, @Nullable Provider provider)
            throws GeneralSecurityException {
        if (inputKey.length != INPUT_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "The input key of a chunked message must have 32 bytes, not " + inputKey.length + ".");
        }
        byte[] info = Arrays.copyOf(INFO_PREFIX, Math.addExact(INFO_PREFIX.length + SALT_BYTES, context.length));
        System.arraycopy(salt, 0, info, INFO_PREFIX.length, SALT_BYTES);
        System.arraycopy(context, 0, info, INFO_PREFIX.length + SALT_BYTES, context.length);
        int commitmentOffset = GcmCipher.KEY_BYTES + GcmCipher.NONCE_BYTES;
        byte[] derived =
                Hkdf.expand(HashFunction.SHA_512, inputKey, info, commitmentOffset + COMMITMENT_BYTES, provider);
        this.forSealing = forSealing;
        this.provider = provider;
        this.key = Arrays.copyOf(derived, GcmCipher.KEY_BYTES);
        this.baseNonce = Arrays.copyOfRange(derived, GcmCipher.KEY_BYTES, commitmentOffset);
        this.head = Arrays.copyOf(salt, HEAD_BYTES);
        System.arraycopy(derived, commitmentOffset, head, SALT_BYTES, COMMITMENT_BYTES);
        Arrays.fill(derived, (byte) 0);
    }

    /**
     * Derives the keys of a new message.
     *
     * @param inputKey 32 uniformly random bytes; read during the call, neither kept nor wiped
     * @param salt 24 bytes, never used before with this input key; fresh random ones will do
     * @param context bound to the message, not contained in it; any length
     * @param provider where the primitives come from, or null for the platform's default
     */
    public static ChunkKeys forSealing(byte[] inputKey, byte[] salt, byte[] context, @Nullable Provider provider)
            throws GeneralSecurityException {
        if (salt.length != SALT_BYTES) {
            throw new IllegalArgumentException(
                    "The salt of a chunked message must have 24 bytes, not " + salt.length + ".");
        }
        return new ChunkKeys(true, inputKey, salt, context, provider);
    }

    /**
     * Derives the keys of a received message and compares its commitment in constant time.
     *
     * @param inputKey 32 bytes; read during the call, neither kept nor wiped
     * @param message starts with the head at {@code offset}; read during the call
     * @param length how many bytes of it there are from {@code offset}; only the first 56 are looked at
     * @param context as at the sealing
     * @throws AEADBadTagException if the input key, the context or the head are not those of the sealing, or the head
     *     is not complete
     */
    public static ChunkKeys forOpening(
            byte[] inputKey, byte[] message, int offset, int length, byte[] context, @Nullable Provider provider)
            throws GeneralSecurityException {
        Objects.checkFromIndexSize(offset, length, message.length);
        if (length < HEAD_BYTES) {
            throw new AEADBadTagException("The chunked message is cut off inside its first 56 bytes.");
        }
        byte[] received = Arrays.copyOfRange(message, offset, offset + HEAD_BYTES);
        ChunkKeys keys = new ChunkKeys(false, inputKey, received, context, provider);
        // The salts are equal by construction, so comparing the heads compares the commitments.
        if (!MessageDigest.isEqual(keys.head, received)) {
            keys.close();
            throw new AEADBadTagException("The commitment of the chunked message is not that of this key and context.");
        }
        return keys;
    }

    /** The 56 bytes that precede the chunks: salt, commitment. A copy. */
    public byte[] head() {
        return head.clone();
    }

    /**
     * Makes a worker with a cipher of its own, keyed once. It lives on when this object is closed.
     *
     * @throws IllegalStateException if this object was closed
     */
    public synchronized ChunkedCipher newWorker() throws GeneralSecurityException {
        demandOpen();
        return new ChunkedCipher(new GcmCipher(key, provider), baseNonce.clone(), forSealing);
    }

    /**
     * As {@link #newWorker()}, with a cipher that is on loan until the worker is closed.
     *
     * @throws IllegalStateException if this object was closed
     */
    public synchronized ChunkedCipher newWorker(CipherPool ciphers) throws GeneralSecurityException {
        demandOpen();
        return new ChunkedCipher(ciphers, ciphers.lend(key), baseNonce.clone(), forSealing);
    }

    private void demandOpen() {
        if (closed) {
            throw new IllegalStateException("The keys of this chunked message were wiped.");
        }
    }

    /** Wipes key and base nonce. Workers have their own copies and are closed one by one. */
    @Override
    public synchronized void close() {
        closed = true;
        Arrays.fill(key, (byte) 0);
        Arrays.fill(baseNonce, (byte) 0);
    }

    /** For tests: key, then base nonce. */
    synchronized byte[] secretsForTest() {
        byte[] both = Arrays.copyOf(key, key.length + baseNonce.length);
        System.arraycopy(baseNonce, 0, both, key.length, baseNonce.length);
        return both;
    }
}
