package io.sealwright.kms;

import io.sealwright.kms.spi.KeyManagerEngine;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/**
 * Encrypts and decrypts data in this process under keys that a KMS guards.
 *
 * <p><b>What it promises.</b> A message opens only with one of the keys it was sealed for, the same encryption context
 * and the same associated data; any changed bit is noticed. Context names and values travel in the clear. A message's
 * length shows the plaintext's. Whoever held a message's root can read and forge under it for that data key's life;
 * re-wrapping does not take that back. A clone of a running process (a VM snapshot restored twice) is safe only if
 * {@link #afterRestore()} is called in each copy before it seals, or with {@link Suite#XAES_256_GCM} where the kernel
 * reseeds.
 *
 * <p>Safe for concurrent use, also by virtual threads. Make one for a process and keep it: data keys live in it. Closing
 * waits for calls under way, up to the deadline, and wipes keys. What the JCA holds (key schedules) is dropped for the
 * garbage collector, since it cannot be wiped.
 *
 * <p>Every call may throw {@link io.sealwright.kms.error.KmsException}; its subclasses say what to do.
 */
public interface KeyManager extends AutoCloseable {
    /**
     * Opens a manager on one master key, which must be there.
     *
     * @param masterKeyUri as {@code local://default}
     * @throws io.sealwright.kms.error.ConfigurationException if no provider serves the URI or it cannot be right
     * @throws io.sealwright.kms.error.KeyNotFoundException if a local key is not there
     */
    static KeyManager open(String masterKeyUri) {
        return builder().masterKey(masterKeyUri).build();
    }

    /**
     * Opens a manager as the environment says: {@code KMS_PROVIDER} chooses where the master key comes from, and every
     * setting of {@code docs/CONFIGURATION.md} is read from its system property or its environment variable.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if no master key is named, a value is malformed, or two
     *     contradict each other: names the variable, what was found (never a secret), and what is allowed
     * @throws io.sealwright.kms.error.KeyNotFoundException if a local key is not there
     */
    static KeyManager fromEnvironment() {
        return builder().fromEnvironment().build();
    }

    /**
     * Opens the embedded default in the usual place ({@code KMS_HOME}, else {@code $XDG_DATA_HOME/sealwright}, else
     * {@code ~/.local/share/sealwright}): a key file and, with {@code kms-store-jdbc} and a SQLite driver on the class
     * path, a store of named keys. Makes what is missing; two first uses at once give one key. Whoever loses the key
     * file loses everything sealed under it.
     */
    static KeyManager embedded() {
        return builder().embedded().build();
    }

    /** As {@link #embedded()}, in a folder of your choice. */
    static KeyManager embedded(Path home) {
        return builder().home(home).embedded().build();
    }

    /** Begins a manager with settings of its own. */
    static KeyManagerBuilder builder() {
        return new KeyManagerBuilder();
    }

    /**
     * Reads a message's header without any key; nothing in it is verified.
     *
     * @param message the message, or at least its header; read during the call
     * @throws io.sealwright.kms.error.MalformedMessageException if it is none
     * @throws io.sealwright.kms.error.UnsupportedMessageException if its version is unknown
     */
    static MessageInfo inspect(byte[] message) {
        return KeyManagerEngine.find().inspect(message);
    }

    /** Begins to seal bytes; they are read until the terminal call returns, not copied. */
    Encryption encrypt(byte[] plaintext);

    /** Begins to seal text, as UTF-8. */
    Encryption encrypt(String plaintext);

    /** Begins to seal a buffer's remaining bytes; its position does not move. */
    Encryption encrypt(ByteBuffer plaintext);

    /** Begins to seal a stream as one message. */
    EncryptionTransfer encrypt(InputStream plaintext);

    /** Begins a stream that seals what is written to it. */
    EncryptionOpening<EncryptingOutputStream> encryptingStream(OutputStream target);

    /** Begins a channel that seals what is written to it. */
    EncryptionOpening<EncryptingChannel> encryptingChannel(WritableByteChannel target);

    /** Begins to open a message; it is read until the terminal call returns, not copied. */
    Decryption decrypt(byte[] message);

    /** Begins to open a token made by {@link Encryption#toToken()}. */
    Decryption decrypt(String token);

    /** Begins to open a buffer's remaining bytes; its position does not move. */
    Decryption decrypt(ByteBuffer message);

    /** Begins to open a message from a stream. */
    DecryptionTransfer decrypt(InputStream message);

    /** Begins a stream that opens what is read through it; every byte handed out is authenticated. */
    DecryptionOpening<InputStream> decryptingStream(InputStream source);

    /**
     * Begins a channel that opens a chunked message (or a small one) at any position. It authenticates the last chunk
     * first, so that the length is true. Closing it does not close the source.
     */
    DecryptionOpening<SeekableByteChannel> decryptingChannel(SeekableByteChannel source);

    /** Begins a prepared sealer. */
    Sealer.Builder sealer();

    /** Begins a prepared opener. */
    Opener.Builder opener();

    /** Begins to re-wrap a message. */
    Rewrapping rewrap(byte[] message);

    /** Begins to re-wrap a message from a stream. */
    RewrapTransfer rewrap(InputStream message);

    /**
     * Tells whether re-wrapping would change the message: it names an outdated key version, or fewer recipients than
     * its sealer wanted. Of a message under a passphrase, only opening it tells which one that is: true until this manager has opened
     * one with the same salt, and re-wrapping may then leave it as it is. Which version is the newest, master keys that wrap are asked once a minute; in an outage the last
     * answer serves.
     *
     * @param message the message, or at least its header
     * @throws io.sealwright.kms.error.NoMatchingRecipientException if no configured key is among its recipients
     * @throws io.sealwright.kms.error.UnavailableException if the master key has not answered yet since the manager was built
     */
    boolean needsRewrap(byte[] message);

    /**
     * Fetches the data keys of several messages ahead, so that opening or re-wrapping these messages next asks no provider:
     * for a page of rows that many writers sealed, say. Each data key is fetched once, however many messages are under it,
     * by as few calls as its provider allows (Vault's and OpenBao's transit: one for 200), or eight calls at a time. What
     * cannot be fetched is left out, in silence: opening that message says why. Memory holds about 10,000 data keys.
     *
     * @param messages whole messages, or at least their headers; read until the call returns
     * @throws io.sealwright.kms.error.MalformedMessageException if one of them is no message; nothing was fetched then
     * @throws io.sealwright.kms.error.CallInterruptedException if the thread is interrupted
     */
    void prefetch(Collection<byte[]> messages);

    /**
     * Tells which keys of this manager, in which versions, stand behind a message's recipients, in the header's order; for a
     * direct message, its one key. Only compares ids, but may ask the store for a named key, a secret store for a key it has
     * not fetched yet, or a KMS what an alias stands for. Says nothing of whether the message opens.
     *
     * @param message the message, or at least its header
     * @throws io.sealwright.kms.error.KmsException if one of them that had to be asked gave no answer, or said no
     */
    List<RecipientKey> recipients(byte[] message);

    /**
     * The named keys of the manager's store.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the manager was built without a store
     */
    NamedKeys keys();

    /** Short for {@code keys().get(name)}. */
    NamedKey key(String name);

    /** The manager's master keys: their rotation, and what they wrap in its store. */
    MasterKeys masterKeys();

    /** Asks every master key and the store; takes at most the deadline. Does not throw for what it finds. */
    Health health();

    /** Counters of each master key and of the keys in memory; a look in memory, for a metrics system to ask. */
    KeyManagerMetrics metrics();

    /** The same calls without holding the caller's thread. */
    AsyncKeyManager async();

    /**
     * To be called first thing after a process was restored from a snapshot or cloned: new salts are drawn from the
     * kernel, so that no copy repeats another's nonces. Streams and channels that were sealing then take no more. With
     * {@code org.crac} on the class path a restore by CRaC calls it; nothing tells of any other kind.
     */
    void afterRestore();

    /** Waits for calls under way, up to the deadline, and wipes keys. Later calls throw. Idempotent. */
    @Override
    void close();
}
