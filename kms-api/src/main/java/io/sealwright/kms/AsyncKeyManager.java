package io.sealwright.kms;

import java.util.concurrent.CompletionStage;

/**
 * The manager's calls without holding the caller's thread while a provider answers. With a live data key the work is
 * done on the calling thread, since handing it over would cost more than it; otherwise the stage completes on the
 * manager's executor. A stage fails with the exception that the plain call would have thrown.
 */
public interface AsyncKeyManager {
    /**
     * Seals one message.
     *
     * @param plaintext read until the stage completes; not to be changed before
     */
    AsyncEncryption encrypt(byte[] plaintext);

    /**
     * Opens one message.
     *
     * @param message read until the stage completes; not to be changed before
     */
    AsyncDecryption decrypt(byte[] message);

    /** One message about to be sealed. */
    interface AsyncEncryption extends EncryptionOptions<AsyncEncryption> {
        /** Seals; as {@link Encryption#toBytes}. */
        CompletionStage<byte[]> toBytes();
    }

    /** One message about to be opened. */
    interface AsyncDecryption extends DecryptionOptions<AsyncDecryption> {
        /** Opens; as {@link Decryption#toBytes}. */
        CompletionStage<byte[]> toBytes();
    }
}
