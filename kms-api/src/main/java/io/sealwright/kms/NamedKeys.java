package io.sealwright.kms;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** The named keys of a manager's store. Safe for concurrent use. */
public interface NamedKeys {
    /**
     * Makes a key with one version, active at once.
     *
     * @param name {@code [A-Za-z0-9][A-Za-z0-9._-]{0,127}}
     * @throws io.sealwright.kms.error.KeyExistsException if there is one of that name, destroyed or not
     */
    NamedKey create(String name, KeySpec spec);

    /** As {@link #create(String, KeySpec)}, but the first version seals from {@code activeFrom} on. */
    NamedKey create(String name, KeySpec spec, Instant activeFrom);

    /** As {@link #create(String, KeySpec)}, with options: from when on it seals, and how often it is rotated. */
    NamedKey create(String name, KeySpec spec, KeyOptions options);

    /** As {@link #create(String, KeySpec)}, unless there is one already of that name and spec, which is returned. */
    NamedKey createIfAbsent(String name, KeySpec spec);

    /**
     * The key of that name.
     *
     * @throws io.sealwright.kms.error.KeyNotFoundException if there is none
     */
    NamedKey get(String name);

    /** All keys, sorted by name, destroyed ones included. */
    List<NamedKey> list();

    /**
     * Does at once what is due in the store: rotations by schedule, destructions whose waiting period is over. A manager
     * that stays open does so by itself; this is for programs that do not, and for those that do it at a time of their
     * own ({@code schedule(false)}). What another process is doing at the moment is left to it.
     *
     * @return how many changes were made
     * @throws io.sealwright.kms.error.KmsException what the first of the keys failed with, after the others were done
     */
    int doDueWork();

    /**
     * Puts a key into the store that {@link NamedKey#exportTo} took out of this or another one. Its versions keep their
     * ids, states and dates, so that what was sealed under them opens here. Its material is wrapped by this manager's
     * master keys, and each wrap is opened again and compared before anything is stored.
     *
     * @param name the name it gets here; it need not be the one it had
     * @param export read during the call
     * @throws io.sealwright.kms.error.KeyExistsException if there is a key of that name, destroyed or not, or one of the
     *     versions is in the store already
     * @throws io.sealwright.kms.error.MalformedMessageException if it is no export of a key, or a damaged one
     * @throws io.sealwright.kms.error.NoMatchingRecipientException if none of the manager's master keys opens it
     * @throws io.sealwright.kms.error.AuthenticationFailedException if it was changed or cut
     */
    NamedKey importKey(String name, byte[] export);

    /**
     * Puts bare key bytes into the store as a key with one version, active at once. The version's id is derived from the
     * bytes, so that two stores that import the same bytes open each other's messages. Whoever has seen the bytes
     * outside has the key.
     *
     * @param material {@link KeySpec#materialBytes()} bytes of full entropy, never a password; neither kept nor closed
     * @throws IllegalArgumentException if the length is not the spec's
     * @throws io.sealwright.kms.error.KeyExistsException as for {@link #importKey}
     */
    NamedKey importInClear(String name, KeySpec spec, SecretBytes material);

    /**
     * Writes every key of the store, as of one moment, as one message under the manager's master keys. The master keys
     * themselves are not in it: without one of them nobody opens it. {@code decrypt} does not open it either. Others may
     * change the store meanwhile. Memory does not grow with the number of keys.
     *
     * @param to flushed, not closed; what was written counts only if the call returns
     * @throws IOException if {@code to} failed
     * @throws io.sealwright.kms.error.StoreException if the store cannot be read, or one of its keys is damaged
     */
    BackupSummary backup(OutputStream to) throws IOException;

    /**
     * Puts the keys of a backup into a store that has none: a new one, of the same kind or another. Nothing is written
     * before the whole backup was read and found authentic. One that is killed in between can be made again.
     *
     * @throws io.sealwright.kms.error.RefusedException if the store has keys
     * @throws io.sealwright.kms.error.MalformedMessageException if it is no backup, or a damaged one
     * @throws io.sealwright.kms.error.NoMatchingRecipientException if none of the manager's master keys opens it
     * @throws io.sealwright.kms.error.AuthenticationFailedException if it was changed or cut
     * @throws IOException if the file cannot be read
     */
    RestoreSummary restore(Path backup) throws IOException;

    /**
     * As {@link #restore}, into a store that has keys, which is saved first. Nothing that opens is thrown away: versions
     * and keys that came after the backup stay, and what was destroyed or marked compromised since stays so; otherwise a
     * key is as the backup has it. All other processes drop what they hold of the keys that are written as soon as they
     * see it, within seconds.
     *
     * @param oldStore where the store is saved as a backup before any key is written; must not be there. It can be restored
     *     like any other. Keys that are damaged are in it as they are, marked, and restoring it leaves them out
     * @throws io.sealwright.kms.error.KeyExistsException if {@code oldStore} is there
     */
    RestoreSummary restoreOver(Path backup, Path oldStore) throws IOException;
}
