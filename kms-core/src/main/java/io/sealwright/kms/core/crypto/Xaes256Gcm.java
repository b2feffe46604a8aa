package io.sealwright.kms.core.crypto;

import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/**
 * XAES-256-GCM under one key: authenticated encryption whose 24-byte nonces may be drawn at random for as many messages
 * as anyone makes (2^80 at a collision risk of 2^-32). Neither key-committing nor safe when a nonce repeats.
 *
 * <p>Safe for concurrent use, without a lock a message: each call holds ciphers of its own out of a bounded pool.
 * Besides AES-256-GCM a message costs two AES blocks and a key schedule.
 *
 * <p>Per message, a key is derived from this key and the nonce's first half by SP 800-108r1's counter mode over
 * AES-CMAC, and AES-256-GCM is used with it and the nonce's second half.
 *
 * @see <a href="https://c2sp.org/XAES-256-GCM">C2SP, XAES-256-GCM</a>
 */
public final class Xaes256Gcm implements AutoCloseable {
    /** Key length. */
    public static final int KEY_BYTES = 32;
    /** Nonce length. */
    public static final int NONCE_BYTES = 24;
    /** Tag length; what sealing adds. */
    public static final int TAG_BYTES = GcmCipher.TAG_BYTES;
    /** What {@link #wrap} adds: nonce and tag. A 32-byte key becomes 72 bytes. */
    public static final int WRAP_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

    private static final int BLOCK_BYTES = 16;
    private static final int DERIVATION_NONCE_BYTES = 12;

    private final @Nullable Provider provider;
    private final ExclusivePool<Worker> workers =
            new ExclusivePool<>(Math.max(2, Math.min(16, Runtime.getRuntime().availableProcessors())));
    private final RawKey key; // guarded by this
    private volatile boolean closed;

    /**
     * Makes a cipher for one key.
     *
     * @param key 32 bytes; copied
     * @param provider where AES/ECB and AES/GCM come from, or null for the platform's default
     * @throws GeneralSecurityException if the provider lacks one of them
     */
    public Xaes256Gcm(byte[] key, @Nullable Provider provider) throws GeneralSecurityException {
        if (key.length != KEY_BYTES) {
            throw new IllegalArgumentException("An XAES-256-GCM key must have 32 bytes, not " + key.length + ".");
        }
        this.key = new RawKey("AES", key);
        this.provider = provider;
        workers.put(newWorker());
    }

    /**
     * Encrypts and authenticates: ciphertext, then the 16-byte tag.
     *
     * @param nonce 24 bytes, never used before with this key; fresh random ones will do
     */
    public byte[] seal(byte[] nonce, byte[] plaintext, byte[] aad) throws GeneralSecurityException {
        byte[] sealed = new byte[Math.addExact(plaintext.length, TAG_BYTES)];
        seal(nonce, plaintext, 0, plaintext.length, aad, sealed, 0);
        return sealed;
    }

    /**
     * Checks and decrypts what {@link #seal(byte[], byte[], byte[])} made.
     *
     * @throws AEADBadTagException if key, nonce, ciphertext or associated data are not those of the sealing
     */
    public byte[] open(byte[] nonce, byte[] sealed, byte[] aad) throws GeneralSecurityException {
        requireNonce(nonce);
        if (sealed.length < TAG_BYTES) {
            throw new AEADBadTagException("The input is shorter than a tag.");
        }
        byte[] plaintext = new byte[sealed.length - TAG_BYTES];
        open(nonce, sealed, 0, sealed.length, aad, plaintext, 0);
        return plaintext;
    }

    /**
     * Encrypts and authenticates into the caller's array: writes {@code inLength + 16} bytes, returns that number.
     *
     * @param nonce 24 bytes, never used before with this key
     * @param out its range must not overlap the input's
     * @throws IndexOutOfBoundsException if a range lies outside its array
     * @throws IllegalStateException if this object was closed
     */
    public int seal(byte[] nonce, byte[] in, int inOffset, int inLength, byte[] aad, byte[] out, int outOffset)
            throws GeneralSecurityException {
        requireNonce(nonce);
        Worker worker = take();
        boolean reusable = false;
        try {
            int written = worker.keyedFor(nonce)
                    .seal(worker.gcmNonce, in, inOffset, inLength, aad, 0, aad.length, out, outOffset);
            reusable = true;
            return written;
        } finally {
            giveBack(worker, reusable);
        }
    }

    /**
     * Checks and decrypts into the caller's array: writes {@code inLength - 16} bytes, returns that number. When it
     * throws, that range holds zeros.
     *
     * @throws AEADBadTagException if key, nonce, ciphertext or associated data are not those of the sealing
     * @throws IndexOutOfBoundsException if a range lies outside its array
     * @throws IllegalStateException if this object was closed
     */
    public int open(byte[] nonce, byte[] in, int inOffset, int inLength, byte[] aad, byte[] out, int outOffset)
            throws GeneralSecurityException {
        requireNonce(nonce);
        Worker worker = take();
        boolean reusable = false;
        try {
            int written = worker.keyedFor(nonce)
                    .open(worker.gcmNonce, in, inOffset, inLength, aad, 0, aad.length, out, outOffset);
            reusable = true;
            return written;
        } catch (AEADBadTagException e) {
            reusable = true; // an everyday answer: forged input must not cost new ciphers
            throw e;
        } finally {
            giveBack(worker, reusable);
        }
    }

    /**
     * Wraps key material: nonce, ciphertext, tag; 40 bytes more than the material.
     *
     * @param nonce 24 fresh random bytes
     */
    public byte[] wrap(byte[] nonce, byte[] material, byte[] aad) throws GeneralSecurityException {
        requireNonce(nonce);
        byte[] wrapped = new byte[Math.addExact(material.length, WRAP_OVERHEAD_BYTES)];
        System.arraycopy(nonce, 0, wrapped, 0, NONCE_BYTES);
        seal(nonce, material, 0, material.length, aad, wrapped, NONCE_BYTES);
        return wrapped;
    }

    /**
     * Unwraps what {@link #wrap} made.
     *
     * @return the material, the caller's to wipe
     * @throws AEADBadTagException if key, wrap or associated data are not those of the wrapping
     */
    public byte[] unwrap(byte[] wrapped, byte[] aad) throws GeneralSecurityException {
        if (wrapped.length < WRAP_OVERHEAD_BYTES) {
            throw new AEADBadTagException("The wrap is shorter than its nonce and tag.");
        }
        byte[] material = new byte[wrapped.length - WRAP_OVERHEAD_BYTES];
        byte[] nonce = Arrays.copyOf(wrapped, NONCE_BYTES);
        open(nonce, wrapped, NONCE_BYTES, wrapped.length - NONCE_BYTES, aad, material, 0);
        return material;
    }

    /** {@link #wrap(byte[], byte[], byte[])} for a key that is used once. */
    public static byte[] wrap(byte[] key, byte[] nonce, byte[] material, byte[] aad, @Nullable Provider provider)
            throws GeneralSecurityException {
        try (Xaes256Gcm cipher = new Xaes256Gcm(key, provider)) {
            return cipher.wrap(nonce, material, aad);
        }
    }

    /** {@link #unwrap(byte[], byte[])} for a key that is used once. */
    public static byte[] unwrap(byte[] key, byte[] wrapped, byte[] aad, @Nullable Provider provider)
            throws GeneralSecurityException {
        try (Xaes256Gcm cipher = new Xaes256Gcm(key, provider)) {
            return cipher.unwrap(wrapped, aad);
        }
    }

    /** Wipes the key. Calls that are running end well, later ones throw {@link IllegalStateException}. */
    @Override
    public synchronized void close() {
        closed = true;
        key.destroy();
        workers.clear();
    }

    /** For tests: CMAC's first subkey, as a worker holds it. */
    byte[] cmacSubkey() throws GeneralSecurityException {
        return newWorker().subkey.clone();
    }

    /** For tests: the AES-256-GCM key that belongs to a nonce. */
    byte[] derivedKey(byte[] nonce) throws GeneralSecurityException {
        requireNonce(nonce);
        Worker worker = newWorker();
        worker.derive(nonce);
        return worker.derived;
    }

    /** The block that the derivation's PRF is asked for: counter (2 bytes), label 'X', zero, half the nonce. */
    static void putMessage(int counter, byte[] nonce, byte[] block, int offset) {
        block[offset] = 0;
        block[offset + 1] = (byte) counter;
        block[offset + 2] = 'X';
        block[offset + 3] = 0;
        System.arraycopy(nonce, 0, block, offset + 4, DERIVATION_NONCE_BYTES);
    }

    /** Doubling in GF(2^128) (SP 800-38B, section 6.1), without a branch on the secret bit. */
    static byte[] doubled(byte[] block) {
        byte[] twice = new byte[BLOCK_BYTES];
        int carry = 0;
        for (int i = BLOCK_BYTES - 1; i >= 0; i--) {
            int value = block[i] & 0xff;
            twice[i] = (byte) (value << 1 | carry);
            carry = value >>> 7;
        }
        twice[BLOCK_BYTES - 1] ^= (byte) (0x87 & -carry);
        return twice;
    }

    private Worker take() throws GeneralSecurityException {
        if (closed) {
            throw closedException();
        }
        Worker pooled = workers.take();
        return pooled == null ? newWorker() : pooled;
    }

    // A cipher that failed in any other way may hold half a block, which would spoil the next key: it is dropped.
    private void giveBack(Worker worker, boolean reusable) {
        worker.forget();
        if (reusable && !closed) {
            workers.put(worker);
            if (closed) {
                workers.clear(); // close() may have cleared the pool just before the put
            }
        } else {
            workers.drop(worker);
        }
    }

    // Under the lock that close() takes, so that a key half wiped is never used.
    private synchronized Worker newWorker() throws GeneralSecurityException {
        if (closed) {
            throw closedException();
        }
        return new Worker(key, provider);
    }

    private static IllegalStateException closedException() {
        return new IllegalStateException("This XAES-256-GCM cipher was closed.");
    }

    private static void requireNonce(byte[] nonce) {
        if (nonce.length != NONCE_BYTES) {
            throw new IllegalArgumentException("An XAES-256-GCM nonce must have 24 bytes, not " + nonce.length + ".");
        }
    }

    /** The ciphers and scratch arrays of one call. AES-ECB is keyed once with the input key; GCM anew a message. */
    private static final class Worker extends ExclusivePool.Item {
        private final Cipher block;
        private final GcmCipher gcm;
        private final byte[] subkey;
        private final byte[] messages = new byte[2 * BLOCK_BYTES];
        private final byte[] derived = new byte[GcmCipher.KEY_BYTES];
        private final byte[] gcmNonce = new byte[GcmCipher.NONCE_BYTES];

        Worker(RawKey key, @Nullable Provider provider) throws GeneralSecurityException {
            block = provider == null
                    ? Cipher.getInstance("AES/ECB/NoPadding")
                    : Cipher.getInstance("AES/ECB/NoPadding", provider);
            block.init(Cipher.ENCRYPT_MODE, key);
            byte[] l = block.doFinal(new byte[BLOCK_BYTES]);
            subkey = doubled(l);
            Arrays.fill(l, (byte) 0);
            gcm = new GcmCipher(provider);
        }

        GcmCipher keyedFor(byte[] nonce) throws GeneralSecurityException {
            derive(nonce);
            gcm.rekey(derived);
            Arrays.fill(derived, (byte) 0);
            System.arraycopy(nonce, DERIVATION_NONCE_BYTES, gcmNonce, 0, GcmCipher.NONCE_BYTES);
            return gcm;
        }

        void derive(byte[] nonce) throws GeneralSecurityException {
            putMessage(1, nonce, messages, 0);
            putMessage(2, nonce, messages, BLOCK_BYTES);
            for (int i = 0; i < messages.length; i++) {
                messages[i] ^= subkey[i % BLOCK_BYTES];
            }
            int written = block.doFinal(messages, 0, messages.length, derived, 0);
            // A provider that wrote less would leave a key partly zero.
            if (written != derived.length) {
                throw new GeneralSecurityException("AES/ECB gave " + written + " bytes instead of 32.");
            }
        }

        void forget() {
            gcm.forgetKey();
            Arrays.fill(derived, (byte) 0);
            Arrays.fill(messages, (byte) 0);
        }
    }
}
