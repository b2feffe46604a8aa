package io.sealwright.kms.pkcs11;

import org.jspecify.annotations.Nullable;

/**
 * What is asked of a PKCS#11 library: each method is one native call, or a few in a row, that nothing can interrupt. Safe
 * for concurrent use, but for a session, which is one thread's at a time.
 */
interface Cryptoki {
    /** The slots that hold a token. */
    long[] slots() throws CryptokiException;

    TokenFacts token(long slot) throws CryptokiException;

    /** @param write whether keys can be made in it */
    long openSession(long slot, boolean write) throws CryptokiException;

    void closeSession(long session) throws CryptokiException;

    /** Tells whether the normal user is logged in, and thereby that the session is alive. */
    boolean loggedIn(long session) throws CryptokiException;

    /**
     * Logs the normal user in, for all sessions of this process with that token.
     *
     * @param pin neither kept nor wiped; null if the token asks for it by its own means
     */
    void login(long session, byte @Nullable [] pin) throws CryptokiException;

    /** The handles of the secret keys of that label. */
    long[] find(long session, String label) throws CryptokiException;

    KeyFacts facts(long session, long key) throws CryptokiException;

    /** Makes an AES-256 key that stays on the token. */
    long generate(long session, String label, byte[] id) throws CryptokiException;

    /** AES-GCM with a tag of 16 bytes, which stands behind the ciphertext. */
    byte[] encrypt(long session, long key, byte[] iv, byte[] associatedData, byte[] plaintext) throws CryptokiException;

    /** The reverse. */
    byte[] decrypt(long session, long key, byte[] iv, byte[] associatedData, byte[] ciphertext)
            throws CryptokiException;
}
